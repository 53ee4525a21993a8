/**
 * {@link readValue}: how what was written behind an option becomes its value.
 *
 * @module
 */

import { CommandError } from "./errors.js";

/**
 * Reads the value of an option.
 *
 * @param parse throws a RangeError whose message says what is wrong with the text. Anything else that it throws is a bug.
 * @throws CommandError with the option before that message.
 */
export function readValue<Value>(option: string, parse: (text: string) => Value, text: string): Value {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(`${option}: ${error.message}`);
    throw error;
  }
}
