// What must be reached, and whether it is.
import { looksDisturbed } from "./disturbance.mjs";
import { LIMIT } from "./subjects.mjs";
import { medians, ratio } from "./summary.mjs";
import { workloads } from "./workloads.mjs";

/**
 * @typedef {object} Bar
 * @property {string} workload
 * @property {string} what is measured
 * @property {string} subject
 * @property {string} [to] the subject that it is compared with; without it, a number is measured as it is
 * @property {string} [number] that number
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {number} [under]
 * @property {string} [unit]
 */

const TRANSPORTS = ["native", "node-transport"];

const ROUND_TRIP = { workload: "fairness", what: "median round trip beside a flood", number: "roundTrip", unit: "ms" };
const LOOP_DELAY = { workload: "fairness", what: "event loop's delay, longest", number: "loopDelayMax", unit: "ms" };

/** @type {Bar[]} */
const BARS = [
  { workload: "echo-50x64", what: "TCP echo 50 × 64 B", subject: "native", to: "node-net", atLeast: 1.35 },
  { workload: "echo-50x64", what: "TCP echo 50 × 64 B", subject: "native", to: LIMIT, atLeast: 0.88 },
  { workload: "echo-50x64", what: "TCP echo 50 × 64 B", subject: "node-transport", to: "node-net", atLeast: 0.85 },
  { workload: "echo-50x16k", what: "TCP echo 50 × 16 KiB", subject: "native", to: "node-net", atLeast: 1.2 },
  { workload: "echo-50x16k", what: "TCP echo 50 × 16 KiB", subject: "node-transport", to: "node-net", atLeast: 0.8 },
  { workload: "connect-reset", what: "connect, echo, reset", subject: "native", to: "node-net", atLeast: 2.5 },
  { workload: "connect-reset", what: "connect, echo, reset", subject: "node-transport", to: "node-net", atLeast: 0.75 },
  { workload: "udp-64", what: "UDP echo 64 B", subject: "native", to: "node-dgram", atLeast: 2.2 },
  { workload: "udp-64", what: "UDP echo 64 B", subject: "node-transport", to: "node-dgram", atLeast: 0.85 },
  { workload: "hash", what: "computing, two threads", subject: "threading-2", to: "native", atLeast: 1.7 },
  { workload: "hash", what: "computing, two processes", subject: "forking-2", to: "native", atLeast: 1.7 },
  { workload: "echo-50x64", what: "TCP echo 50 × 64 B, one thread", subject: "threading", to: "native", atLeast: 0.9 },
  {
    workload: "connect-reset",
    what: "connect, echo, reset, in a thread",
    subject: "threading",
    to: "node-net",
    atLeast: 0.8,
  },
  {
    workload: "connect-reset",
    what: "connect, echo, reset, in a thread",
    subject: "threading",
    to: "python-threading",
    atLeast: 2.5,
  },
  { workload: "echo-1x64", what: "TCP echo 1 × 64 B, blocking", subject: "blocking-1", to: "node-net", atLeast: 0.9 },
  {
    workload: "echo-50x64",
    what: "TCP echo 50 × 64 B, 50 blocking threads",
    subject: "blocking-50",
    to: "python-threading",
    atLeast: 0.6,
  },
  {
    workload: "wait",
    what: "1,000 clients that wait a second",
    subject: "native",
    number: "seconds",
    under: 1.5,
    unit: "s",
  },
  { workload: "memory", what: "memory per idle connection", subject: "native", to: "node-net", atMost: 0.6 },
  { workload: "memory", what: "memory per idle connection", subject: "node-transport", to: "node-net", atMost: 1.5 },
  ...TRANSPORTS.map((subject) => ({ ...ROUND_TRIP, subject, under: 5 })),
  ...TRANSPORTS.map((subject) => ({ ...LOOP_DELAY, subject, under: 20 })),
];

/**
 * @typedef {object} Verdict
 * @property {Bar} bar
 * @property {number | null} value
 * @property {number | null} byMicroseconds the same by processor time, which a busy machine disturbs less
 * @property {"met" | "NOT MET" | "disturbed" | "not measured"} verdict
 */

/**
 * Holds what was measured against the bars.
 *
 * @param {Record<string, Record<string, import("./measure.mjs").Outcome>>} measured by workload and subject
 * @returns {Verdict[]}
 */
export function judge(measured) {
  return BARS.map((bar) => {
    const outcomes = measured[bar.workload] ?? {};
    const value = valueFor(bar, outcomes);
    const byMicroseconds = microsecondsFor(bar, outcomes);
    if (value === null) return { bar, value, byMicroseconds, verdict: "not measured" };
    if (isDisturbed(bar, outcomes)) return { bar, value, byMicroseconds, verdict: "disturbed" };
    const met =
      value >= (bar.atLeast ?? -Infinity) && value <= (bar.atMost ?? Infinity) && value < (bar.under ?? Infinity);
    return { bar, value, byMicroseconds, verdict: met ? "met" : "NOT MET" };
  });
}

function valueFor({ workload, subject, to, number }, outcomes) {
  if (to === undefined) return (outcomes[subject] && medians(outcomes[subject])?.[number]) ?? null;
  return ratio(outcomes, subject, to, workloadNamed(workload).compared);
}

function microsecondsFor({ workload, subject, to }, outcomes) {
  const { measure, spreads } = workloadNamed(workload);
  if (measure !== "rate" || spreads) return null;
  return ratio(outcomes, subject, to, "perProcessorSecond");
}

/** What is faster than the limit by so much shows that the limit was not measured at its best. */
const BEYOND_THE_LIMIT = 1.05;

/** Whether something else was in the way of a rate: no verdict can be built on that. */
function isDisturbed({ workload, subject, to }, outcomes) {
  const { compared } = workloadNamed(workload);
  if (to === LIMIT && Object.keys(outcomes).some((name) => ratio(outcomes, name, LIMIT, compared) > BEYOND_THE_LIMIT)) {
    return true;
  }
  if (compared !== "perSecond") return false;
  return [subject, to].some((name) => looksDisturbed(workloadNamed(workload), medians(outcomes[name])));
}

function workloadNamed(wanted) {
  return workloads.find(({ name }) => name === wanted);
}
