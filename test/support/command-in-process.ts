/**
 * {@link CommandInProcess}: the command within this process, which costs nothing to start.
 *
 * What the command does with `process` it does with streams, signals and an exit of its own, so that several may run at once.
 * What only a process shows needs a {@link RunningCommand}: pipes and terminals, signals from outside, and that nothing keeps it.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import fs from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { runCommand } from "../../dist/cli/run-command.js";
import { CommandOutput, type Exit } from "./command-output.js";

/** Which command the code that runs belongs to. */
const commands = new AsyncLocalStorage<CommandInProcess>();

/** What `process.exit()` throws, since it cannot end this process. */
class Left extends Error {}

/** What a command that has ended has left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. @param input what it gets on stdin, which then ends; `null` leaves it open */
export async function runInProcess(args: readonly string[], input: string | null = ""): Promise<Finished> {
  await using command = CommandInProcess.start(...args);
  if (input !== null) {
    command.type(input);
    command.endInput();
  }
  const { code } = await command.exit;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

/** What a terminal is to a command. */
export interface TerminalKind {
  readonly colours?: boolean;
}

/** A command of this process. Disposing it interrupts it, unless it has ended. */
export class CommandInProcess extends CommandOutput implements AsyncDisposable {
  /** Resolves when it has ended. */
  readonly exit: Promise<Exit>;
  /** What stands for the members of `process`. */
  readonly streams: { readonly stdin: PassThrough; readonly stdout: Writable; readonly stderr: Writable };
  /** Listeners to signals. */
  readonly signals = new EventEmitter();
  #exitCode: number | null = null;

  private constructor(args: readonly string[], terminal: TerminalKind | null) {
    super();
    this.streams = {
      stdin: Object.assign(new PassThrough(), terminal === null ? {} : { isTTY: true }),
      stdout: Object.assign(
        this.#sink("stdout"),
        terminal === null ? {} : { isTTY: true, columns: 80, hasColors: () => terminal.colours ?? false },
      ),
      stderr: this.#sink("stderr"),
    };
    const leave = takeProcess();
    this.exit = commands
      .run(this, () => runCommand(args))
      .then(() => ({ code: this.#exitCode ?? Number(process.exitCode ?? 0), signal: null }))
      .finally(() => {
        leave();
        this.ended = true;
        this.tell();
      });
  }

  /** Starts `socketserver` with arguments; its output goes to pipes. */
  static start(...args: string[]): CommandInProcess {
    return new CommandInProcess(args, null);
  }

  /** Starts it at a terminal, as far as it asks `isTTY`: what is typed is not shown. */
  static startAtTerminal(kind: TerminalKind, ...args: string[]): CommandInProcess {
    return new CommandInProcess(args, kind);
  }

  #sink(name: "stdout" | "stderr"): Writable {
    const decoder = new StringDecoder("utf8");
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.add(name, decoder.write(chunk));
        done();
      },
    });
  }

  /** Takes what was written. After its exit a process writes nothing. */
  add(name: "stdout" | "stderr", text: string): void {
    if (this.#exitCode !== null) return;
    this[name] += text;
    this.tell();
  }

  /** What `process.exit()` does. */
  leave(code: number): never {
    this.#exitCode ??= code;
    throw new Left(`The command has left with ${code}.`);
  }

  /** Does what a signal does to a command that listens to it. A second one, which leaves at once, needs a process. */
  signal(name: NodeJS.Signals): void {
    const isHeard = commands.run(this, () => this.signals.emit(name, name));
    if (!isHeard) throw new Error(`The command does not listen to ${name}.`);
  }

  /** Writes to stdin. */
  type(text: string): void {
    this.streams.stdin.write(text);
  }

  /** Ends stdin. */
  endInput(): void {
    this.streams.stdin.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) {
      if (this.signals.listenerCount("SIGINT") > 0) this.signal("SIGINT");
      this.streams.stdin.destroy();
    }
    await this.exit;
  }
}

let running = 0;
let giveBack = (): void => undefined;

/** Has the members of `process`, while a command runs, be those of the command whose code asks. @returns ends that */
function takeProcess(): () => void {
  if (running === 0) giveBack = replaceMembers();
  running += 1;
  return () => {
    running -= 1;
    process.exitCode = undefined;
    if (running === 0) giveBack();
  };
}

function replaceMembers(): () => void {
  const { exit, exitCode, on } = process;
  const { writeSync } = fs;
  const restorers = (["stdin", "stdout", "stderr"] as const).map((name) => {
    const before = Object.getOwnPropertyDescriptor(process, name) ?? {};
    const real = Object.defineProperty({}, name, before);
    return replace(process, name, { get: () => commands.getStore()?.streams[name] ?? Reflect.get(real, name) });
  });
  process.exitCode = undefined;
  restorers.push(
    replace(process, "exit", {
      value: (code?: number) => commands.getStore()?.leave(Number(code ?? process.exitCode ?? 0)) ?? exit(code),
    }),
    replace(process, "on", {
      value: (event: string, listener: (...args: unknown[]) => void) => {
        const command = commands.getStore();
        if (command === undefined || !event.startsWith("SIG")) return Reflect.apply(on, process, [event, listener]);
        command.signals.on(event, listener);
        return process;
      },
    }),
    // The log goes to the descriptor itself.
    replace(fs, "writeSync", {
      value: (descriptor: number, data: string | Buffer, ...rest: unknown[]) => {
        const command = descriptor === 1 ? commands.getStore() : undefined;
        if (command === undefined) return Reflect.apply(writeSync, fs, [descriptor, data, ...rest]);
        command.add("stdout", data.toString());
        return Buffer.byteLength(data);
      },
    }),
  );
  return () => {
    for (const restore of restorers) restore();
    process.exitCode = exitCode;
  };
}

/** Replaces a member of an object. @returns puts it back */
function replace(object: object, name: string, descriptor: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { enumerable: true, ...descriptor, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}
