// The install script of the package: builds the addon where it has to be built, and never fails an install.
//
//   node native/install.mjs           nothing to do where a prebuilt addon fits
//   node native/install.mjs --build   builds in any case: after a change of the C sources
//
// Where there is no addon, the project runs on Node's own sockets; the reason is left in build/unavailable.txt, from where
// capabilities() takes it.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const reasonFile = join(root, "build", "unavailable.txt");
const logFile = join(root, "build", "install.log");
const require = createRequire(import.meta.url);

/** A build takes seconds; what takes longer is a download of Node's headers from where there is no network. */
const TIMEOUT_MS = 5 * 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What a build needs, for whoever has to mend one. */
const MEND = "Install a C compiler, make and Python 3, and run npm rebuild ts-socketserver.";

/** Why there is no addon, and what to do about it, in sentences. */
class Unavailable extends Error {
  /** @param {string} reason @param {string} output what the tools said; kept beside the reason */
  constructor(reason, output = "") {
    super(reason);
    this.output = output;
  }
}

function main() {
  if (process.env.SOCKETSERVER_TRANSPORT === "node") {
    throw new Unavailable(
      "SOCKETSERVER_TRANSPORT=node was set when the package was installed. Run npm rebuild ts-socketserver without it.",
    );
  }
  if (process.platform !== "linux") {
    throw new Unavailable(`The native transport runs on Linux only; this is ${process.platform}.`);
  }
  if (process.argv[2] !== "--build" && prebuiltLoads()) return;
  build();
  console.log("ts-socketserver: the native transport is built.");
}

/** Whether a prebuilt addon is there for this system, and works: one for another C library would be found, and not load. */
function prebuiltLoads() {
  process.env.PREBUILDS_ONLY = "1";
  try {
    return loads(require("node-gyp-build").resolve(root));
  } catch {
    return false;
  }
}

/** In a process of its own: whatever is wrong with an addon, this one goes on. */
function loads(path) {
  return spawnSync(process.execPath, ["-e", "require(process.argv[1])", path]).status === 0;
}

function build() {
  const compiler = findCompiler();
  // The addon is C only: without this it would be linked by a C++ compiler, which need not be there.
  const env = { ...process.env, CC: compiler, LINK: process.env.LINK ?? compiler };
  const { status, error, stdout, stderr } = spawnSync(...nodeGyp("rebuild", ...headers()), {
    cwd: root,
    env,
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const output = `${stdout ?? ""}${stderr ?? ""}`;
  if (status !== 0) {
    const problem = error?.message ?? firstProblem(output);
    throw new Unavailable(`The addon could not be built: ${problem} (more in build/install.log). ${MEND}`, output);
  }
  if (!loads(join(root, "build", "Release", "socketserver.node"))) {
    throw new Unavailable("The addon was built, but this Node cannot load it: see build/install.log.", output);
  }
}

/** @returns the command of the C compiler */
function findCompiler() {
  const candidates = [process.env.CC, "cc", "gcc", "clang"].filter(Boolean);
  // CC may be "ccache gcc".
  const found = candidates.find((command) => isOnPath(command.split(" ")[0]));
  if (found === undefined) throw new Unavailable(`There is no C compiler (cc, gcc or clang). ${MEND}`);
  return found;
}

function isOnPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** npm brings node-gyp and says where; beside Node lies the npm that came with it. @returns file and arguments for spawn */
function nodeGyp(...parameters) {
  const prefix = dirname(dirname(process.execPath));
  const bundled = join(prefix, "lib", "node_modules", "npm", "node_modules", "node-gyp", "bin", "node-gyp.js");
  const script = [process.env.npm_config_node_gyp, bundled].find((path) => path && existsSync(path));
  if (script !== undefined) return [process.execPath, [script, ...parameters]];
  if (isOnPath("node-gyp")) return ["node-gyp", parameters];
  throw new Unavailable("There is no node-gyp, which npm brings along. Run npm rebuild ts-socketserver.");
}

/** Node's headers, where they lie beside Node: then nothing has to be downloaded. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  const configured = process.env.npm_config_nodedir !== undefined;
  return !configured && existsSync(join(prefix, "include", "node", "common.gypi")) ? [`--nodedir=${prefix}`] : [];
}

/** Of what the tools said, the line that tells most. */
function firstProblem(output) {
  const compilerError = /^.*\berror: .*$/m.exec(output);
  const toolError = /^gyp ERR! stack \w*Error: (.*)$/m.exec(output);
  return (compilerError?.[0] ?? toolError?.[1] ?? "node-gyp failed").trim().replace(/\.$/, "");
}

/** One line for whoever installs, and the reason for capabilities(). */
function report(reason, output) {
  console.log(`ts-socketserver: Node's own sockets will be used, as there is no native transport. ${reason}`);
  try {
    mkdirSync(dirname(reasonFile), { recursive: true });
    writeFileSync(reasonFile, `${reason}\n`);
    if (output !== "") writeFileSync(logFile, output);
  } catch {
    // A place that cannot be written to: capabilities() then tells that the addon has not been built.
  }
}

/** What an earlier run has left behind. */
function forget() {
  try {
    rmSync(reasonFile, { force: true });
    rmSync(logFile, { force: true });
  } catch {
    // As above: nothing can be left there now either.
  }
}

forget();
try {
  main();
} catch (error) {
  report(error instanceof Error ? error.message : String(error), error instanceof Unavailable ? error.output : "");
}
