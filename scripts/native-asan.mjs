// Runs the addon under the address, undefined-behaviour and leak sanitizers. Needs gcc with libasan.
//
//   node scripts/native-asan.mjs
//
// 1. The addon is built into a directory of its own; that of the project stays as it is.
// 2. The tests of the addon run with it. Wrong accesses and undefined behaviour end the process, and so fail a test. Leaks are
//    not looked for here: a test runner ends by process.exit(), with everything still in use.
// 3. A program uses every call, in workers too, and ends by itself. Only leaks with the addon in their stack count: others would
//    be Node's (20 has none).
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);

const FLAGS = [
  "-std=c11",
  "-O1",
  "-g",
  "-fPIC",
  "-shared",
  "-fno-omit-frame-pointer",
  "-D_GNU_SOURCE",
  "-DNAPI_VERSION=8",
];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
/** Deep enough to reach the addon from Node's allocations on its behalf, and no deeper: what called the addon is Node's. */
const STACK = "malloc_context_size=6:fast_unwind_on_malloc=0";

function main() {
  const directory = mkdtempSync(join(tmpdir(), "socketserver-asan-"));
  try {
    build(join(directory, "build", "Release"));
    const preload = run("gcc", ["-print-file-name=libasan.so"]).stdout.trim();
    // node-gyp-build loads from there what it would load from the package.
    const env = { ...process.env, TS_SOCKETSERVER_PREBUILD: directory, LD_PRELOAD: preload };
    delete env.SOCKETSERVER_TRANSPORT;
    const tested = test(env);
    const leaks = lookForLeaks(env);
    console.log(tested ? "Tests under the sanitizers: passed." : "Tests under the sanitizers: FAILED.");
    console.log(leaks.length === 0 ? "Leaks of the addon: none." : `Leaks of the addon:\n\n${leaks.join("\n\n")}`);
    process.exitCode = tested && leaks.length === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function build(directory) {
  mkdirSync(directory, { recursive: true });
  const include = join(process.env.npm_config_nodedir ?? dirname(dirname(process.execPath)), "include", "node");
  const sources = readdirSync(join(root, "native")).filter((name) => name.endsWith(".c"));
  const output = join(directory, "socketserver.node");
  run("gcc", [
    ...FLAGS,
    ...SANITIZERS,
    `-I${include}`,
    ...sources.map((name) => join(root, "native", name)),
    "-o",
    output,
  ]);
}

function run(command, parameters) {
  const result = spawnSync(command, parameters, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} failed: ${result.error?.message ?? result.stderr}`);
  return result;
}

function test(env) {
  const vitest = join(dirname(require.resolve("vitest/package.json")), "vitest.mjs");
  // The install script builds an addon of its own, which is not the one that is looked at here.
  const parameters = [vitest, "run", "test/native", "--exclude", "**/install.test.ts", "--testTimeout", "120000"];
  const options = "detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=1";
  const { status } = spawnSync(process.execPath, parameters, {
    cwd: root,
    env: { ...env, ASAN_OPTIONS: options, UBSAN_OPTIONS: "print_stacktrace=1" },
    stdio: "inherit",
  });
  return status === 0;
}

/** @returns the reports of leaks that the addon has a part in */
function lookForLeaks(env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, "--exercise"], {
    env: { ...env, ASAN_OPTIONS: `detect_leaks=1:${STACK}` },
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status === 0) return [];
  // Not an end of its own: an error in the program, or a sanitizer that could not look (it needs ptrace).
  if (!stderr.includes("LeakSanitizer: detected memory leaks")) return [`The program failed:\n${stdout}${stderr}`];
  return stderr.split("\n\n").filter((report) => report.includes(" leak of ") && report.includes(join(root, "native")));
}

/** Uses every call of the addon, well and badly. */
async function exercise() {
  const native = require("node-gyp-build")(root);
  const { ADDRESS_SIZE, EPOLLET, EPOLLIN } = native.constants;
  const out = new Int32Array(2);
  const address = new Uint8Array(ADDRESS_SIZE);
  const results = new Int32Array(2048);
  const addresses = new Uint8Array(ADDRESS_SIZE * 1024);
  const buffer = Buffer.alloc(65_536);
  let batches = 0;
  native.start(() => {
    batches += 1;
  }, new Int32Array(64));
  native.ref();
  native.unref();
  for (let time = 0; time < 20; time += 1) {
    for (const type of [1, 2]) {
      native.socketpair(1, type, 0, out);
      const [one, other] = out;
      native.watch(one, time, EPOLLIN | EPOLLET);
      native.send(other, buffer, 0, 10, 0);
      native.sendmsg(other, buffer, 0, 10, 0, new Int32Array([one, other]));
      native.sendmmsg(other, buffer, new Int32Array(100).fill(10), 100, addresses);
      await turn();
      native.recv(one, buffer, 0, 10, 0);
      native.recvmsg(one, buffer, 0, 10, 0, results.subarray(0, 1), results.subarray(10, 12));
      native.close(results[0]);
      native.recvmmsg(one, buffer, 10, 1024, addresses, results);
      native.recvfrom(one, buffer, 0, 10, 0, address, results);
      native.getsockname(one, address);
      native.poll(
        Int32Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? one : 0)),
        100,
        0,
      );
      native.close(native.dup(one));
      native.unwatch(one);
      native.release(other);
      native.adopt(other);
      native.close(one);
      // The other one is left for the end of the thread.
    }
    for (const name of Object.keys(native)) {
      try {
        native[name](-1, "wrong", Symbol("wrong"));
      } catch {
        // Wanted: messages are made of what was given.
      }
    }
  }
  if (batches === 0) throw new Error("no readiness was told");
  if (isMainThread) await raiseWorkers(40);
  else if (process.argv.includes("--stay")) await stay();
}

/** Half of them end by themselves, half are terminated. */
async function raiseWorkers(count) {
  for (let index = 0; index < count; index += 1) {
    const ends = index % 2 === 0;
    const worker = new Worker(import.meta.filename, { argv: ends ? ["--exercise"] : ["--exercise", "--stay"] });
    if (!ends) {
      await once(worker, "message");
      await worker.terminate();
    } else {
      await once(worker, "exit");
    }
  }
}

/** Until the thread is terminated. */
async function stay() {
  parentPort.postMessage("here");
  for (;;) await turn();
}

if (process.argv.includes("--exercise")) await exercise();
else main();
