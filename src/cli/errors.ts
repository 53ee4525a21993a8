/**
 * {@link CommandError}, and how whatever ends the command is told.
 *
 * @module
 */

import { dirname } from "node:path";
import { CommanderError } from "commander";
import { formatAddress, isInetAddress } from "../core/address/address.js";
import { GaiError, OSError } from "../core/errors.js";
import type { Endpoint } from "./endpoint.js";

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

/** Adds to a system's error what the user can do about it. Other errors, which are bugs, are returned as they are. */
export function explainOpening(error: unknown, endpoint: Endpoint): unknown {
  if (!(error instanceof OSError)) return error;
  const remedy = remedyFor(error, endpoint);
  return new CommandError([`${error.message}.`, ...remedy].join(" "), { cause: error });
}

function remedyFor(error: OSError, { protocol, address }: Endpoint): string[] {
  if (error instanceof GaiError) return ["Give the host as an address, such as 127.0.0.1 or [::1]."];
  const inet = isInetAddress(address) ? address : null;
  const withPort = (port: number): string => {
    if (inet === null) return "";
    const [host, , ...parts] = inet;
    return `--${protocol} ${host === "" ? `:${port}` : formatAddress([host, port, ...parts])}`;
  };
  switch (error.code) {
    case "EADDRINUSE":
      return inet === null
        ? ["A server listens there, or the file is not a socket. Choose another path."]
        : [`Choose another port, or let ${withPort(0)} take a free one.`];
    case "EACCES":
    case "EPERM":
      return inet === null
        ? ["Choose a directory that you may write to."]
        : [`Ports below 1024 may take privileges: choose a higher one, such as ${withPort(9999)}.`];
    case "EADDRNOTAVAIL":
      return ["Choose an address of this machine, such as 127.0.0.1, or none for every interface, such as :9999."];
    case "ENOENT":
      return inet === null
        ? [`There is no directory "${dirname(String(address))}": make it, or choose another path.`]
        : [];
    case "ENAMETOOLONG":
      return ["The system allows a socket's path about 100 bytes: choose a shorter one."];
    default:
      return [];
  }
}
