/**
 * {@link RunningCommand}: the built command, as a process of its own.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { COMMAND } from "./paths.js";

/** How a process has ended. */
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

/** A process whose output is waited for by the line. Disposing it ends it, whatever it does. */
export class RunningCommand implements AsyncDisposable {
  /** All that has come on stdout. */
  stdout = "";
  /** All that has come on stderr. */
  stderr = "";
  /** Resolves when the process has ended and its output is complete. */
  readonly exit: Promise<Exit>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  #ended = false;
  readonly #changes = new EventEmitter();

  private constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#tell();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#tell();
    });
    this.exit = once(child, "close").then(([code, signal]) => {
      this.#ended = true;
      this.#tell();
      return { code, signal };
    });
  }

  /** Starts `socketserver` with arguments. */
  static start(...args: string[]): RunningCommand {
    return new RunningCommand(process.execPath, [COMMAND, ...args]);
  }

  /** Starts any program. */
  static startProgram(program: string, ...args: string[]): RunningCommand {
    return new RunningCommand(program, args);
  }

  /** The process's number. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  #tell(): void {
    this.#changes.emit("change");
  }

  /** Waits until stdout matches. @throws Error when the process ends before. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (this.#ended) {
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

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Writes to stdin. */
  type(text: string): void {
    this.#process.stdin.write(text);
  }

  /** Ends stdin. */
  endInput(): void {
    this.#process.stdin.end();
  }

  /** Stops reading stdout, as `| head -1` does. */
  closeStdout(): void {
    this.#process.stdout.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.exit;
  }
}
