/**
 * {@link checkBound}: whether a bound is one.
 *
 * @module
 */

/** Gives the value back. @throws RangeError naming it, when it is not a whole number from 1 */
export function checkBound(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot use ${value} as ${name}: it takes a whole number from 1.`);
}
