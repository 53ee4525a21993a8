/**
 * Durations, in seconds, as far as a timer can take them.
 *
 * @module
 */

/** Node's timers hold 31 bits of milliseconds: a little under 25 days. */
export const MAX_SECONDS = 2_147_483;

/** Whether a value is seconds that a timer can take. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_SECONDS;
}

/** Gives the value back. @throws RangeError naming it, when it is not a whole number from 1 */
export function checkBound(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot use ${value} as ${name}: it takes a whole number from 1.`);
}
