/**
 * {@link CommandOutput}: what a command has written, waited for by the line.
 *
 * @module
 */

import { EventEmitter, once } from "node:events";

/** How a command has ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The start line in a pipe. */
export interface StartLine {
  readonly name: string;
  readonly protocol: string;
  readonly serverAddress: string;
  readonly model: string;
  readonly tryIt: string;
  readonly msg: string;
}

/** The output of a command, whether that is a process or runs in this one. */
export abstract class CommandOutput {
  /** All that has come on stdout. */
  stdout = "";
  /** All that has come on stderr. */
  stderr = "";
  /** The command writes no more. */
  protected ended = false;
  readonly #changes = new EventEmitter();

  /** The output has grown, or ended. */
  protected tell(): void {
    this.#changes.emit("change");
  }

  /** Waits until stdout matches. @throws Error when the command ends before. */
  output(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until("stdout", pattern);
  }

  /** Waits until stderr matches. @throws Error when the command ends before. */
  complaint(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#until("stderr", pattern);
  }

  async #until(stream: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match !== null) return match;
      if (this.ended) {
        throw new Error(
          `The command ended before it wrote ${pattern}.\nstdout:\n${this.stdout}\nstderr:\n${this.stderr}`,
        );
      }
      await once(this.#changes, "change");
    }
  }

  /** Waits for the line that says where it serves. */
  async started(): Promise<StartLine> {
    const [line] = await this.output(/^.*"msg":"serving .*$/m);
    return JSON.parse(line) as StartLine;
  }

  /** Every line of stdout, each of which must be JSON. */
  get log(): Record<string, unknown>[] {
    const lines = this.stdout.trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}
