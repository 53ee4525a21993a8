/**
 * {@link runCommand}: the command from its arguments to its exit code.
 *
 * @module
 */

import { outcomeOf } from "./errors.js";
import { makeProgram } from "./program.js";

/** Runs the command. What goes wrong is told on stderr, and sets the exit code. */
export async function runCommand(args: readonly string[]): Promise<void> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    const { exitCode, text } = outcomeOf(error);
    process.stderr.write(text);
    process.exitCode = exitCode;
  }
}
