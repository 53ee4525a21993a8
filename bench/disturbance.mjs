// Whether something else on the machine was in the way.

/** Either the server or the load is busy all the time; when neither is, another process had their cores. */
const DISTURBED = 0.9;

/**
 * Whether neither core was busy that should have been. It may also be the server that waits for something.
 *
 * @param {import("./workloads.mjs").Workload} workload
 * @param {Record<string, number>} numbers of a turn, or medians
 */
export function looksDisturbed({ measure, waits }, { serverCore, loadCore }) {
  return measure === "rate" && !waits && serverCore < DISTURBED && loadCore < DISTURBED;
}
