// What the subjects are given to do.
import { compileExamples } from "./compile.mjs";
import { firstLine } from "./programs.mjs";

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title
 * @property {string} about a paragraph of the page
 * @property {"rate" | "redis" | "latency" | "memory" | "shutdown" | "fairness" | "crowd"} measure
 * @property {string} kind of server that is measured
 * @property {string} [reference] the subject that the others are compared with
 * @property {string} [limit] the subject than which none can be faster, where it is another than plain C
 * @property {import("./load-process.mjs").Load | RedisLoad} [load]
 * @property {string} [unit] what is counted
 * @property {string} [compared] which number of a measurement is compared with the reference's
 * @property {boolean} [costs] whether less of that is better
 * @property {boolean} [waits] whether server and load are idle by turns
 * @property {boolean} [spreads] whether the server may use all cores; the load then takes what it needs of one
 * @property {number} [rounds] fewer than others have
 * @property {() => Promise<string>} [prepare]
 *   gets it ready and returns the version of what it needs. @throws Error saying why it cannot be measured here
 *
 * @typedef {object} RedisLoad
 * @property {number} pipeline requests that each client sends at once
 * @property {number} requestsPerSecond of each command, for each second that is to be measured: their number is fixed
 */

const RATE = "perSecond";
/** Where the load cannot keep up with the fastest servers: see the page. */
const RATE_PER_PROCESSOR_SECOND = "perProcessorSecond";

/** Each client that connects is one of so many at a time. */
const CLIENTS = 32;

/** @returns {Workload} */
function echo(name, title, about, load, more = {}) {
  return {
    name,
    title: `TCP echo, ${title}`,
    about,
    measure: "rate",
    kind: "echo",
    reference: "node-net",
    load: { mode: "echo", ...load },
    unit: "messages",
    compared: RATE,
    ...more,
  };
}

/** @returns {Workload} */
function connect(name, title, about, mode) {
  return {
    name,
    title: `Connect, echo, ${title}`,
    about,
    measure: "rate",
    kind: "once",
    reference: "node-net",
    load: { mode, connections: CLIENTS, bytes: 64 },
    unit: "connections",
    compared: RATE_PER_PROCESSOR_SECOND,
  };
}

/** @returns {Workload} */
function datagrams(name, title, bytes) {
  return {
    name,
    title: `UDP echo, ${title}`,
    about: "16 sockets keep 16 datagrams each in flight. The server's receive buffer is 1 MiB where it can be set.",
    measure: "rate",
    kind: "udp",
    reference: "node-dgram",
    load: { mode: "datagrams", connections: 16, depth: 16, bytes },
    unit: "datagrams",
    compared: RATE,
  };
}

/** @returns {Workload} */
function redis(name, title, pipeline, requestsPerSecond) {
  return {
    name,
    title: `A Redis subset, ${title}`,
    about: `\`redis-benchmark -P ${pipeline}\`: 50 connections with ${pipeline === 1 ? "one request" : `${pipeline} requests`} in flight each: PING first, then SET, then GET. The server of this project is [an example](../examples/36-redis.ts) that reads from \`rfile\` and writes to \`wfile\`; that on \`node:net\` parses the chunks as they arrive. What is compared is the processor time of a request.`,
    measure: "redis",
    kind: "redis",
    reference: "node-net",
    load: { pipeline, requestsPerSecond },
    compared: "microseconds",
    costs: true,
    async prepare() {
      const version = firstLine("redis-benchmark", "--version");
      compileExamples();
      return version;
    },
  };
}

/** @type {Workload[]} */
export const workloads = [
  echo(
    "echo-1x64",
    "1 × 64 B",
    "One connection sends 64 bytes, waits for them, and sends the next. Mostly the time that two processes take to wake each other.",
    { connections: 1, bytes: 64 },
    { waits: true },
  ),
  echo("echo-50x64", "50 × 64 B", "50 connections do the same.", { connections: 50, bytes: 64 }),
  echo("echo-50x64-pipelined", "50 × 64 B, 16 at once", "Each of 50 connections sends 16 messages in one write.", {
    connections: 50,
    bytes: 64,
    depth: 16,
  }),
  echo("echo-50x16k", "50 × 16 KiB", "50 connections with messages of 16,384 bytes.", {
    connections: 50,
    bytes: 16_384,
  }),
  connect(
    "connect",
    "close",
    "32 clients at a time connect, send 64 bytes, read the echo and the end, and close. The server closes after its answer.",
    "connect",
  ),
  connect(
    "connect-reset",
    "reset",
    "The same servers, but the client closes as soon as it has the echo, with a reset. For the system that is the least work, so that most of what is left is the server's.",
    "connect-reset",
  ),
  {
    name: "lines",
    title: "Lines, 50 × 32 B, 32 at once",
    about:
      "Each of 50 connections sends 32 lines of 32 bytes in one write, and waits until all have come back in capitals. Each line is answered by a write of its own, which this project and the streams of asyncio join to fewer packets. `TCP_NODELAY` is on, so that no answer waits for the acknowledgement of another.",
    measure: "rate",
    kind: "lines",
    reference: "node-net",
    limit: "c-joined",
    load: { mode: "lines", connections: 50, bytes: 32, depth: 32 },
    unit: "lines",
    compared: RATE,
  },
  {
    name: "lines-50x64",
    title: "Lines, 50 × 64 B",
    about:
      "Each of 50 connections sends one line of 64 bytes, waits until it has come back, and sends the next. All servers look for the end of the line but one, which calls `recv()` and `sendall()`: what lies between it and the server with `rfile` and `wfile` is the price of these two.",
    measure: "rate",
    kind: "echo-lines",
    reference: "node-net",
    load: { mode: "echo-lines", connections: 50, bytes: 64 },
    unit: "lines",
    compared: RATE,
  },
  {
    name: "two-lines",
    title: "Two lines at once",
    about:
      "One client sends two lines of 32 bytes in one write and waits for both answers, as a client of `nc` or Python does: with Nagle's algorithm on. A server that sends the second answer only after the acknowledgement of the first takes 40 ms.",
    measure: "latency",
    kind: "lines",
    load: { mode: "batches", connections: 1, bytes: 32, depth: 2 },
  },
  redis("redis-p16", "16 requests at once", 16, 200_000),
  redis("redis-p1", "one request at a time", 1, 50_000),
  datagrams("udp-64", "64 B", 64),
  datagrams("udp-1200", "1,200 B", 1200),
  {
    name: "hash",
    title: "Computing",
    about:
      "Each of 8 connections sends 64 bytes, for which the handler computes for about 5 ms (SHA-256 of 6 MB) before it sends them back. Here the server may use all cores.",
    measure: "rate",
    kind: "hash",
    reference: "native",
    load: { mode: "echo", connections: 8, bytes: 64 },
    unit: "messages",
    compared: RATE,
    waits: true,
    spreads: true,
  },
  {
    name: "wait",
    title: "Waiting",
    about:
      "1,000 clients connect and send a message each, for which the handler waits a second: the time until the last of them has its echo. Its backlog takes them all (`requestQueueSize` is 1,024).",
    measure: "crowd",
    kind: "wait",
    load: { mode: "crowd", connections: 1000, bytes: 64 },
  },
  {
    name: "memory",
    title: "Memory of idle connections",
    about: "",
    measure: "memory",
    kind: "idle",
    reference: "node-net",
    compared: "bytesPerConnection",
    costs: true,
  },
  {
    name: "shutdown",
    title: "shutdown()",
    about:
      "The time from the call of `shutdown()` until `serveForever()` has returned, with 50 idle connections; the median and the longest of 20, each at another moment.",
    measure: "shutdown",
    kind: "shutdown",
    rounds: 1, // a round is 20 of them, and takes ten seconds in Python
  },
  {
    name: "fairness",
    title: "Fairness",
    about:
      "One connection writes and reads at full speed, while ten others send 64 bytes, wait for them, and send the next. The delay of the event loop is what `perf_hooks.monitorEventLoopDelay` tells, with a resolution of 1 ms.",
    measure: "fairness",
    kind: "fairness",
    load: { mode: "fairness", connections: 10, bytes: 64 },
  },
  {
    name: "fairness-lines",
    title: "Fairness beside empty lines",
    about:
      "20 connections send empty lines at full speed, which the handler passes over, while ten others send a line of 64 bytes, wait for its answer, and send the next.",
    measure: "fairness",
    kind: "fairness-lines",
    load: { mode: "fairness-lines", connections: 10, floods: 20, bytes: 64 },
  },
];
