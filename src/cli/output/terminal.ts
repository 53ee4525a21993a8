/**
 * {@link TerminalOutput}: for people. A few plain lines, then one short line for each thing that happens.
 *
 * @module
 */

import type { Logger } from "pino";
import { formatEndpoint, listensOnAllInterfaces } from "../endpoint.js";
import { visible } from "../text.js";
import { commandLogger } from "./json.js";
import type { Output, OutputOptions, ServingNotice, StoppingNotice } from "./output.js";

/** A line of pino's, parsed. */
export interface LogRecord {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

const WARN = 40;
const ERROR = 50;

/** What stands elsewhere in the line, or is the same in all of them. */
const NO_DETAILS: ReadonlySet<string> = new Set([
  "level",
  "time",
  "msg",
  "pid",
  "hostname",
  "name",
  "err",
  "clientAddress",
  "serverAddress",
]);

/** What is a number of seconds. */
const SECONDS: ReadonlySet<string> = new Set(["duration", "pause"]);

const DIM = ["\u001b[2m", "\u001b[22m"] as const;
const YELLOW = ["\u001b[33m", "\u001b[39m"] as const;
const RED = ["\u001b[31m", "\u001b[39m"] as const;

/**
 * Writes a line of the log for people.
 *
 * @returns such as `14:02:11  127.0.0.1:53422  connection closed  (duration 0.004 s, bytes read 6)`, without an end.
 */
export function terminalLine(record: LogRecord, colours: boolean): string {
  const paint = ([on, off]: readonly [string, string], text: string): string => (colours ? on + text + off : text);
  const address = record.clientAddress ?? record.serverAddress;
  const details = Object.entries(record)
    .filter(([name]) => !NO_DETAILS.has(name))
    .map(([name, value]) => `${inWords(name)} ${formatValue(value)}${SECONDS.has(name) ? " s" : ""}`);
  const message = visible(record.msg ?? "");
  const parts = [
    paint(DIM, new Date(record.time).toTimeString().slice(0, 8)),
    ...(typeof address === "string" ? [visible(address)] : []),
    record.level >= ERROR ? paint(RED, message) : record.level >= WARN ? paint(YELLOW, message) : message,
    ...(details.length > 0 ? [paint(DIM, visible(`(${details.join(", ")})`))] : []),
  ];
  return parts.join("  ") + visible(formatError(record.err));
}

/** A failed system call, such as a client's breaking off, is told by its message; anything else by its stack. */
function formatError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { message, stack, code, syscall } = error as Partial<Record<string, unknown>>;
  if (code !== undefined && syscall !== undefined && message !== undefined) return `\n    ${String(message)}`;
  return `\n    ${String(stack ?? message).replaceAll("\n", "\n    ")}`;
}

/** `bytesRead` → `bytes read` */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function formatValue(value: unknown): string {
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** How a {@link TerminalOutput} writes. */
export interface TerminalOptions extends OutputOptions {
  /** Whether to use colours. */
  readonly colours?: boolean;
}

/** Tells everything in words. */
export class TerminalOutput implements Output {
  readonly logger: Logger;
  readonly #name: string;
  readonly #write: (text: string) => void;

  /**
   * @param name the server's name, which begins the lines that are not log lines.
   * @param write takes the text; synchronously, so that nothing is lost when the process leaves.
   */
  constructor(name: string, write: (text: string) => void, options: TerminalOptions = {}) {
    const { colours = false } = options;
    this.#name = name;
    this.#write = write;
    this.logger = commandLogger(name, options, {
      write: (line) => write(`${terminalLine(JSON.parse(line) as LogRecord, colours)}\n`),
    });
  }

  serving({ endpoint, model, tryIt, stopsOnEscape = false }: ServingNotice): void {
    this.#say(
      `${this.#name}: serving ${formatEndpoint(endpoint)} (${model})`,
      ...(listensOnAllInterfaces(endpoint) ? ["It listens on all interfaces: other machines can reach it."] : []),
      `Try it in another terminal:  ${tryIt}`,
      `${stopsOnEscape ? "Esc or " : ""}Ctrl-C ends it.`,
      "",
    );
  }

  stopping({ signal, clients, atMost }: StoppingNotice): void {
    // The terminal has written ^C, or ^[, into the line.
    if (signal !== "SIGTERM") this.#say("");
    if (clients === 0) return;
    const whom = clients === 1 ? "1 client" : `${clients} clients`;
    const again = signal === "Esc" ? "" : " again";
    this.#say(`${this.#name}: waiting for ${whom}, at most ${atMost} s. Ctrl-C${again} leaves at once.`);
  }

  #say(...lines: string[]): void {
    if (this.logger.isLevelEnabled("info")) this.#write(`${lines.join("\n")}\n`);
  }
}
