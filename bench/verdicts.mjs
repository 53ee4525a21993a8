// Whether what must be reached is reached.
import { bars } from "./bars.mjs";
import { looksDisturbed } from "./disturbance.mjs";
import { LIMIT } from "./subjects.mjs";
import { medians, ratio } from "./summary.mjs";
import { workloads } from "./workloads.mjs";

/**
 * @typedef {object} Verdict
 * @property {import("./bars.mjs").Bar} bar with `what`, and with a number as `atLeast`
 * @property {number | null} value
 * @property {number | null} byMicroseconds the same by processor time, which a busy machine disturbs less
 * @property {number | null} other what is measured of `or`
 * @property {"met" | "NOT MET" | "disturbed" | "not measured"} verdict
 */

/**
 * Compares what was measured with the bars of these workloads.
 *
 * @param {Record<string, Record<string, import("./measure.mjs").Outcome>>} measured by workload and subject
 * @param {string} node the version of the Node.js that ran the servers, such as "v20.19.0"
 * @returns {Verdict[]}
 */
export function judge(measured, node) {
  const [, version] = /^v(\d+)/.exec(node);
  return bars
    .filter(({ workload }) => measured[workload] !== undefined)
    .map((bar) => {
      const { what = workloadNamed(bar.workload).title } = bar;
      return judgeBar({ ...bar, what, atLeast: forVersion(bar.atLeast, Number(version)) }, measured[bar.workload]);
    });
}

/** What is asked of a version of Node: as of the newest version named that is not newer. */
function forVersion(atLeast, version) {
  if (typeof atLeast !== "object") return atLeast;
  const named = Object.keys(atLeast).map(Number);
  return atLeast[Math.max(...named.filter((one) => one <= version))] ?? atLeast[Math.min(...named)];
}

/** @returns {Verdict} */
function judgeBar(bar, outcomes) {
  const value = valueFor(bar, outcomes);
  const byMicroseconds = microsecondsFor(bar, outcomes);
  const other = bar.or === undefined ? null : valueFor({ ...bar, ...bar.or }, outcomes);
  const judged = { bar, value, byMicroseconds, other };
  if (value === null) return { ...judged, verdict: "not measured" };
  if (isDisturbed(bar, outcomes)) return { ...judged, verdict: "disturbed" };
  const met =
    value >= (bar.atLeast ?? -Infinity) && value <= (bar.atMost ?? Infinity) && value < (bar.under ?? Infinity);
  return { ...judged, verdict: met || (other !== null && other >= bar.or.atLeast) ? "met" : "NOT MET" };
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
  const { compared, limit = LIMIT } = workloadNamed(workload);
  if (to === limit && Object.keys(outcomes).some((name) => ratio(outcomes, name, limit, compared) > BEYOND_THE_LIMIT)) {
    return true;
  }
  if (compared !== "perSecond") return false;
  return [subject, to].some((name) => looksDisturbed(workloadNamed(workload), medians(outcomes[name])));
}

function workloadNamed(wanted) {
  return workloads.find(({ name }) => name === wanted);
}
