/**
 * Options whose values are numbers.
 *
 * @module
 */

import { MAX_SECONDS } from "../core/checks.js";
import { CommandError } from "./errors.js";

/** Makes the parser of an option that takes a whole number from 1. */
export function count(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
    throw new CommandError(`Cannot use "${text}" as ${option}: it takes a whole number from 1.`);
  };
}

/** Makes the parser of an option that takes seconds, fractions allowed. */
export function seconds(option: string): (text: string) => number {
  return secondsParser(option, `seconds from 0 to ${MAX_SECONDS}`, (value) => value >= 0);
}

/** The same, for what cannot be done without waiting. */
export function secondsAboveZero(option: string): (text: string) => number {
  return secondsParser(option, `seconds above 0 and up to ${MAX_SECONDS}`, (value) => value > 0);
}

function secondsParser(option: string, wanted: string, isEnough: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= MAX_SECONDS && isEnough(value)) return value;
    throw new CommandError(`Cannot use "${text}" as ${option}: it takes ${wanted}.`);
  };
}
