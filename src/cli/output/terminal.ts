/**
 * {@link TerminalOutput}: for people. A few plain lines, then one short line for each thing that happens.
 *
 * @module
 */

import type { Logger } from "pino";
import { formatEndpoint, listensOnAllInterfaces } from "../endpoint.js";
import { commandLogger } from "./command-logger.js";
import type { Output, OutputOptions, ServingNotice, StoppingNotice } from "./output.js";
import { type LogRecord, terminalLine } from "./terminal-line.js";

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

  serving({ endpoint, model, tryIt, endsOnEscape = false }: ServingNotice): void {
    this.#say(
      `${this.#name}: serving ${formatEndpoint(endpoint)} (${model})`,
      ...(listensOnAllInterfaces(endpoint) ? ["It listens on all interfaces: other machines can reach it."] : []),
      `Try it in another terminal:  ${tryIt}`,
      `${endsOnEscape ? "Esc or " : ""}Ctrl-C ends it.`,
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
