// What a request of redis-benchmark costs the server: its processor time, since redis-benchmark is the slower one of the two.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { asLoad } from "../machine.mjs";
import { ServerProcess } from "../server-process.mjs";

/** Beside them, redis-benchmark's own default: 50 connections. */
const COMMANDS = ["ping_mbulk", "set", "get"];
/** Far longer than a slow server needs. */
const SECONDS_AT_MOST = 120;
/** The unit of /proc/PID/stat: USER_HZ, which Linux shows as 100 on every processor that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat after the name of the program, which may contain blanks. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

const runFile = promisify(execFile);

/** User and system time of a process in seconds. */
function processorSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND;
}

/** Runs redis-benchmark. @returns the seconds that it took. @throws Error when an answer was an error, or none came */
async function runRedisBenchmark(server, pipeline, requests) {
  const start = performance.now();
  const numbers = ["-p", server.port, "-P", pipeline, "-n", requests].map(String);
  const [program, ...texts] = asLoad([
    "redis-benchmark",
    "-h",
    "127.0.0.1",
    ...numbers,
    "-t",
    COMMANDS.join(","),
    "-q",
  ]);
  try {
    await runFile(program, texts, { timeout: SECONDS_AT_MOST * 1000, killSignal: "SIGKILL" });
  } catch (error) {
    throw new Error(
      error.killed ? "redis-benchmark took too long" : `redis-benchmark: ${error.stderr || error.message}`,
    );
  }
  return (performance.now() - start) / 1000;
}

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureRedis({ subject, workload, bench }) {
  const { pipeline, requestsPerSecond } = workload.load;
  const requests = Math.round(requestsPerSecond * bench.settings.seconds);
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    await runRedisBenchmark(server, pipeline, Math.round(requestsPerSecond / 2)); // V8 optimises meanwhile
    const before = processorSeconds(server.pid);
    const seconds = await runRedisBenchmark(server, pipeline, requests);
    const serverSeconds = processorSeconds(server.pid) - before;
    const answered = requests * COMMANDS.length;
    return {
      perSecond: answered / seconds,
      microseconds: (serverSeconds / answered) * 1e6,
      serverCore: serverSeconds / seconds,
    };
  } finally {
    await server.stop();
  }
}
