// What must be reached.
import { LIMIT } from "./subjects.mjs";
import { workloads } from "./workloads.mjs";

/**
 * @typedef {object} Bar
 * @property {string} workload
 * @property {string} [what] is measured, where it is not what the workload's title says
 * @property {string} subject
 * @property {string} [to] the subject that it is compared with; without it, a number is measured as it is
 * @property {string} [number] that number
 * @property {number | Record<number, number>} [atLeast] or by the version of Node: the newest that is not newer counts
 * @property {number} [atMost]
 * @property {number} [under]
 * @property {string} [unit]
 * @property {{ to: string, atLeast: number }} [or] what is enough as well
 */

const TRANSPORTS = ["native", "node-transport"];

/** What was reached before must not be lost; 3 % of it are within what a measurement varies. */
const notBelow = (reached) => reached * 0.97;

const ECHO = { workload: "echo-50x64" };
const ECHO_16K = { workload: "echo-50x16k" };
const LINES = { workload: "lines" };
const LINE = { workload: "lines-50x64" };
const RESET = { workload: "connect-reset" };
const HASH = { workload: "hash" };
const UDP = { workload: "udp-64" };
const MEMORY = { workload: "memory", to: "node-net" };

/** @type {Bar[]} */
const NATIVE = [
  { ...LINES, subject: "native", to: "node-net", atLeast: 2 },
  { ...LINES, subject: "native", to: "go", atLeast: 1 },
  { ...LINES, subject: "native", to: LIMIT, atLeast: 1 },
  { ...LINES, subject: "native", to: "python-uvloop", atLeast: 1.5 },
  { ...LINE, subject: "native", to: "node-net", atLeast: 1.3 },
  { ...LINE, subject: "native", to: "native-recv", atLeast: 0.92 },
  { workload: "redis-p16", subject: "native", to: "node-net", atMost: 1.2 },
  { workload: "redis-p1", subject: "native", to: "node-net", atMost: 0.85 },
  { ...ECHO, subject: "native", to: "node-net", atLeast: 1.29 },
  { ...ECHO, subject: "native", to: LIMIT, atLeast: { 20: 0.8, 24: 0.9 } },
  { ...ECHO, subject: "native-timeout", to: "native", atLeast: 0.95 },
  {
    workload: "echo-50x64-pipelined",
    subject: "native",
    to: LIMIT,
    atLeast: 0.8,
    or: { to: "native-addon", atLeast: 0.97 },
  },
  { ...ECHO_16K, subject: "native", to: "node-net", atLeast: notBelow(1.45) },
  { ...ECHO_16K, subject: "native-into", to: LIMIT, atLeast: 0.8 },
  { ...RESET, subject: "native", to: "node-net", atLeast: notBelow(2.71) },
  { ...UDP, subject: "native", to: "node-dgram", atLeast: notBelow(2.5) },
  { ...UDP, subject: "native-datagram-handler", to: "native", atLeast: 0.85 },
  { ...MEMORY, subject: "native", atMost: 1 },
];

/** @type {Bar[]} */
const THREADS_AND_PROCESSES = [
  { ...HASH, subject: "threading-2", to: "native", atLeast: notBelow(1.96) },
  { ...HASH, subject: "forking-2", to: "native", atLeast: notBelow(1.96) },
  { ...ECHO, subject: "threading", to: "native", atLeast: notBelow(1.01) },
  { ...RESET, subject: "threading", to: "node-net", atLeast: notBelow(1.88) },
  { ...RESET, subject: "threading", to: "python-threading", atLeast: notBelow(2.98) },
  {
    workload: "echo-1x64",
    subject: "blocking-1",
    to: "node-net",
    atLeast: notBelow(1.14),
  },
  { ...ECHO, subject: "blocking-50", to: "python-threading", atLeast: notBelow(0.73) },
  {
    workload: "wait",
    subject: "native",
    number: "seconds",
    under: 1.5,
    unit: "s",
  },
];

/** How near the Node transport must come to what it stands on. */
const SHARE_OF_NODE = 0.8;

/** In every workload that has a server on Node's own modules. @returns {Bar[]} */
function nodeTransportBars() {
  const rows = workloads.filter(({ reference, name }) => reference?.startsWith("node-") && name !== "memory");
  return rows.map(({ name, reference, costs }) => {
    const share = name === "lines" ? 1 : SHARE_OF_NODE;
    const bar = { workload: name, subject: "node-transport", to: reference };
    return costs ? { ...bar, atMost: 1 / share } : { ...bar, atLeast: share };
  });
}

/** A number that both transports must stay below. @returns {Bar[]} */
function bothUnder(bar) {
  return TRANSPORTS.map((subject) => ({ ...bar, subject }));
}

const ROUND_TRIP = { number: "roundTrip", under: 5, unit: "ms" };
const LOOP_DELAY = { number: "loopDelayMax", under: 20, unit: "ms" };

/** @type {Bar[]} */
export const bars = [
  ...NATIVE,
  ...THREADS_AND_PROCESSES,
  ...nodeTransportBars(),
  { ...MEMORY, subject: "node-transport", atMost: 1.92 / 0.97 }, // not above what it reached before
  ...bothUnder({ workload: "two-lines", number: "roundTrip", under: 1, unit: "ms" }),
  ...bothUnder({ workload: "fairness", what: "Fairness, median round trip", ...ROUND_TRIP }),
  ...bothUnder({ workload: "fairness", what: "Fairness, longest delay of the loop", ...LOOP_DELAY }),
  ...bothUnder({ workload: "fairness-lines", what: "Fairness beside empty lines, median round trip", ...ROUND_TRIP }),
  ...bothUnder({
    workload: "fairness-lines",
    what: "Fairness beside empty lines, longest delay of the loop",
    ...LOOP_DELAY,
  }),
  ...bothUnder({ workload: "shutdown", what: "shutdown(), median", number: "median", under: 1, unit: "ms" }),
];
