// Measures an echo server of this project beside one on raw node:net, in one run: `npm run bench`.
//
// Server and load run on different cores where taskset is there; the subjects take turns, so that whatever else the machine
// does hits them alike. What counts is the ratio of the medians.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROUNDS = 5;
const WARM_UP_SECONDS = 1;
const SECONDS = 2;
const SUBJECTS = ["node-net", "multiplexing", "multiplexing-awaited"];
const WORKLOADS = [
  { connections: 50, bytes: 64 },
  { connections: 50, bytes: 16_384 },
];

const here = import.meta.dirname;
const pinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

function onCore(core, command, args) {
  return pinned ? ["taskset", ["-c", String(core), command, ...args]] : [command, args];
}

function compileLoad(directory) {
  const program = join(directory, "load");
  const { status } = spawnSync("cc", ["-O2", "-Wall", "-Wextra", "-o", program, join(here, "load.c")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("The load generator needs a C compiler: install gcc or clang, so that cc works.");
  return program;
}

async function startServer(subject) {
  const server = spawn(...onCore(0, process.execPath, [join(here, "subjects", `${subject}.mjs`)]), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(server.stdout), "line");
  return { server, port };
}

function load(program, port, { connections, bytes }, seconds) {
  const args = [port, connections, bytes, seconds].map(String);
  const result = spawnSync(...onCore(1, program, args), { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`The load failed: ${result.stderr}`);
  return Number(result.stdout);
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

const directory = mkdtempSync(join(tmpdir(), "socketserver-bench-"));
try {
  const program = compileLoad(directory);
  console.log(
    `Node ${process.versions.node}, ${cpus()[0]?.model ?? "unknown processor"}, ${pinned ? "pinned" : "not pinned"}`,
  );
  for (const workload of WORKLOADS) {
    const rates = new Map(SUBJECTS.map((subject) => [subject, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const subject of SUBJECTS) {
        const { server, port } = await startServer(subject);
        try {
          load(program, port, workload, WARM_UP_SECONDS);
          rates.get(subject).push(load(program, port, workload, SECONDS));
        } finally {
          server.kill("SIGKILL");
          await once(server, "close");
        }
      }
    }
    console.log(
      `\nTCP echo, ${workload.connections} connections of ${workload.bytes} bytes, median of ${ROUNDS} rounds`,
    );
    const base = median(rates.get(SUBJECTS[0]));
    for (const [subject, values] of rates) {
      const rate = median(values);
      console.log(`  ${subject.padEnd(22)} ${String(rate).padStart(8)} messages/s   ${(rate / base).toFixed(2)}`);
    }
  }
} finally {
  rmSync(directory, { recursive: true });
}
