// From the rounds to medians, and to medians of ratios.
import { median } from "./statistics.mjs";

/**
 * The median of each number that a subject was measured by.
 *
 * @param {import("./measure.mjs").Outcome} outcome
 * @returns {Record<string, number> | null} null for a subject without a whole set of rounds
 */
export function medians({ rounds, failure }) {
  if (failure !== null || rounds.length === 0) return null;
  const names = Object.keys(rounds[0]).filter((name) => rounds[0][name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))]));
}

/**
 * How a subject compares with another: the median of the ratios of each round, in which the two ran near each other.
 *
 * @param {Record<string, import("./measure.mjs").Outcome>} outcomes
 * @param {string} subject
 * @param {string} reference
 * @param {string} number which of the numbers is compared
 * @returns {number | null}
 */
export function ratio(outcomes, subject, reference, number) {
  const [one, other] = [outcomes[subject], outcomes[reference]];
  if (one === undefined || other === undefined || one.failure !== null || other.failure !== null) return null;
  const ratios = one.rounds.map((round, index) => round[number] / other.rounds[index][number]);
  // Not every workload is measured by every number.
  return ratios.some(Number.isNaN) ? null : median(ratios);
}
