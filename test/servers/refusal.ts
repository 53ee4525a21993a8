/**
 * Command lines that are refused before anything is served: within this process, which has nothing to start.
 *
 * @module
 */

import { type Outcome, outcomeOf } from "../../dist/cli/errors.js";
import { makeProgram } from "../../dist/cli/program.js";

/** What `socketserver` with these arguments prints on stderr, and its exit code. @throws Error when it is not refused */
export async function refusalOf(...args: string[]): Promise<Outcome> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    return outcomeOf(error);
  }
  throw new Error(`socketserver ${args.join(" ")} was not refused.`);
}
