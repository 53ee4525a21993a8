// What the subjects are given to do.

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {string} title
 * @property {string} about a paragraph of the page
 * @property {"rate" | "memory" | "shutdown" | "fairness" | "crowd"} measure
 * @property {string} kind of server that is measured
 * @property {string} [reference] the subject that the others are compared with
 * @property {import("./load-process.mjs").Load} [load]
 * @property {string} [unit] what is counted
 * @property {string} [compared] which number of a measurement is compared with the reference's
 * @property {boolean} [waits] whether server and load are idle by turns
 * @property {boolean} [spreads] whether the server may use all cores; the load then takes what it needs of one
 * @property {number} [rounds] fewer than others have
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
    title: "Lines",
    about:
      "Each of 50 connections sends 32 lines of 32 bytes in one write, and waits until all have come back in capitals. Each line is answered by a write of its own. `TCP_NODELAY` is set, so that no answer waits for the acknowledgement of another.",
    measure: "rate",
    kind: "lines",
    reference: "node-net",
    load: { mode: "lines", connections: 50, bytes: 32, depth: 32 },
    unit: "lines",
    compared: RATE,
  },
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
];
