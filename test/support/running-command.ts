/**
 * {@link RunningCommand}: the built command, as a process of its own.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { CommandOutput, type Exit } from "./command-output.js";
import { COMMAND } from "./paths.js";

export type { Exit } from "./command-output.js";

/** A process whose output is waited for by the line. Disposing it ends it, whatever it does. */
export class RunningCommand extends CommandOutput implements AsyncDisposable {
  /** Resolves when the process has ended and its output is complete. */
  readonly exit: Promise<Exit>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;

  private constructor(program: string, args: readonly string[]) {
    super();
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.tell();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.tell();
    });
    this.exit = once(child, "close").then(([code, signal]) => {
      this.ended = true;
      this.tell();
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
    if (!this.ended) this.#process.kill("SIGKILL");
    await this.exit;
  }
}
