/**
 * Chooses the output: words on a terminal, JSON in a pipe or a file.
 *
 * All of it goes to stdout; stderr only ever says why the command could not do its work.
 *
 * @module
 */

import { type DestinationStream, pino } from "pino";
import { codeOf, osError } from "../../core/errors.js";
import { JsonOutput } from "./json.js";
import type { Output, OutputOptions } from "./output.js";
import { TerminalOutput } from "./terminal.js";

/** What the user asked for. */
export interface LogOptions extends OutputOptions {
  /** JSON even on a terminal. */
  readonly json?: boolean;
}

/** Makes the output of a server, by its name. */
export function chooseOutput(name: string, { json = false, quiet = false }: LogOptions): Output {
  const { stdout } = process;
  if (json || !stdout.isTTY) {
    return new JsonOutput(name, logDestination(), { quiet });
  }
  // Node's hasColors() looks at NO_COLOR and the like.
  return new TerminalOutput(name, (text) => stdout.write(text), { quiet, colours: stdout.hasColors() });
}

/** What may wait, in bytes, after a write that has failed; what is more is not written at all. */
const MAX_WAITING = 1_048_576;

/** Stdout for a log. When nobody reads it any more, the server goes on in silence; when it cannot be written, it says so once. */
function logDestination(): DestinationStream {
  // Synchronous: the last lines are out when the process leaves. A pipe that is open and not read holds the server up.
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_WAITING });
  let told = false;
  destination.on("error", (error: Error) => {
    if (told || codeOf(error) === "EPIPE") return;
    told = true;
    process.stderr.write(
      `socketserver: ${osError("write the log to stdout", error, "write").message}. It serves on.\n`,
    );
  });
  return destination;
}
