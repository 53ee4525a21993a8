/**
 * What to do when a client cannot do its work.
 *
 * @module
 */

import { GaiError, OSError } from "../core/errors.js";
import { CommandError } from "./errors.js";

/** What the user can do about an error of the system. What is not here is told by the error's own words. */
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Nobody listens there: is the server running, and at that address?",
  ENOENT: "There is no such socket: is the server running, and at that path?",
  ETIMEDOUT: "Nobody has answered in time: is the address right, and nothing in the way?",
  EAI_SERVICE: "socketserver ports lists what there is.",
  ECONNRESET: "The other side has broken the connection off.",
};

/** Adds to an error of the system what the user can do about it. Other errors, which are bugs, are returned as they are. */
export function explainClientError(error: unknown): unknown {
  // What was written cannot be used, and its message says what can.
  if (error instanceof RangeError) return new CommandError(error.message, { cause: error });
  if (!(error instanceof OSError)) return error;
  const remedy =
    error instanceof GaiError ? "Is the name right? An address, such as 127.0.0.1, needs no look-up." : null;
  const words = [`${error.message.replace(/\.$/, "")}.`, remedy ?? REMEDIES[error.code] ?? ""];
  return new CommandError(words.join(" ").trimEnd(), { cause: error });
}
