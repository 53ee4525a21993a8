/**
 * Chooses the output: words on a terminal, JSON in a pipe or a file.
 *
 * All of it goes to stdout; stderr only ever says why the command could not do its work.
 *
 * @module
 */

import { pino } from "pino";
import { JsonOutput } from "./json-output.js";
import type { Output, OutputOptions } from "./output.js";
import { TerminalOutput } from "./terminal-output.js";

/** What the user asked for. */
export interface LogOptions extends OutputOptions {
  /** JSON even on a terminal. */
  readonly json?: boolean;
}

/** Makes the output of a server, by its name. */
export function chooseOutput(name: string, { json = false, quiet = false }: LogOptions): Output {
  const { stdout } = process;
  if (json || !stdout.isTTY) {
    // Synchronous: the last lines are out when the process leaves. When nobody reads them any more, it goes on in silence.
    return new JsonOutput(name, pino.destination({ dest: 1, sync: true }), { quiet });
  }
  // Node's hasColors() looks at NO_COLOR and the like.
  return new TerminalOutput(name, (text) => stdout.write(text), { quiet, colours: stdout.hasColors() });
}
