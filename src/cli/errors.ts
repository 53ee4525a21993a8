/**
 * {@link CommandError}, and how whatever ends the command is told.
 *
 * @module
 */

import { CommanderError } from "commander";

/** Something that the user can mend. Its message says what was wrong, with which value, and what to do. */
export class CommandError extends Error {
  static {
    CommandError.prototype.name = "CommandError";
  }
}

/** How the command ends when something was thrown. */
export interface Outcome {
  readonly exitCode: number;
  /** For stderr: one line for what the user can mend, all there is to know for a bug. */
  readonly text: string;
}

/** Tells the outcome of what was thrown. commander throws for `--help` and `--version` too, which are no failures. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof CommandError) return { exitCode: 1, text: `socketserver: ${error.message}\n` };
  if (error instanceof CommanderError) return { exitCode: error.exitCode, text: commanderText(error) };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, text: `socketserver: This is a bug; please report it.\n${stack}\n` };
}

/** commander's messages are two lines in lower case, such as `error: unknown command 'uper'\n(Did you mean upper?)`. */
function commanderText({ code, exitCode, message }: CommanderError): string {
  // It has printed the help already.
  if (exitCode === 0 || code === "commander.help") return "";
  const [what = "", hint] = message.replace(/^error: /, "").split("\n");
  const sentence = `${what.charAt(0).toUpperCase()}${what.slice(1).replace(/\.$/, "")}.`;
  const suggestion = hint === undefined ? "" : ` ${hint.replace(/[()]/g, "")}`;
  return `socketserver: ${sentence}${suggestion} --help shows what there is.\n`;
}
