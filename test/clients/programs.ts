/**
 * Running the programs that other people wrote: `nc`, `socat`, `telnet` and Python, as far as they are installed.
 *
 * @module
 */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

function isInstalled(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** What a title says of a program that is not there. */
export interface Program {
  readonly missing: boolean;
  /** `""`, or the reason in brackets. */
  readonly reason: string;
}

function program(installed: boolean, name: string): Program {
  return { missing: !installed, reason: installed ? "" : ` (skipped: ${name} is not installed)` };
}

// Other netcats have neither -N nor -W, and their exit codes for -h differ.
const help = spawnSync("nc", ["-h"], { encoding: "utf8" });
export const netcat = program(/OpenBSD/.test(`${help.stdout}${help.stderr}`), "OpenBSD's nc");
export const socat = program(isInstalled("socat", "-V"), "socat");
// Telnets have no option in common that only tells something.
export const telnet = program(isInstalled("sh", "-c", "command -v telnet"), "telnet");
/** Gives a program a terminal. Other systems' takes other arguments. */
export const script = program(
  /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout),
  "util-linux's script",
);
export const redisTools = program(isInstalled("redis-benchmark", "--version"), "redis-tools");
export const curl = program(isInstalled("curl", "--version"), "curl");
// What the PATH has may be a script that looks for the interpreter at each start, and takes five times as long as Python itself.
const interpreter = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
export const python = program(interpreter.status === 0, "python3");
/** The interpreter that `python3` starts. */
export const PYTHON = python.missing ? "python3" : interpreter.stdout.trim();

/** A program's output, once it has ended by itself with success. */
export async function run(command: string, args: readonly string[], input: string | Uint8Array = ""): Promise<string> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  // It may end without having read everything.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [output, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}: ${complaints}`);
  return output;
}

/** Runs a Python program. Its arguments are in `sys.argv[1:]`. */
export function runPython(source: string, ...args: readonly (string | number)[]): Promise<string> {
  return run(PYTHON, ["-c", source, ...args.map(String)]);
}

/** A Python program that serves until it is disposed of; its first line of output is its address. */
export class PythonServer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  /** Its end, which may come before anybody asks for it. */
  readonly #closed: Promise<unknown>;
  /** The first line that it printed. */
  readonly line: string;

  private constructor(child: ChildProcessWithoutNullStreams, closed: Promise<unknown>, line: string) {
    this.#child = child;
    this.#closed = closed;
    this.line = line;
  }

  static async start(source: string, ...args: readonly string[]): Promise<PythonServer> {
    const child = spawn(PYTHON, ["-u", "-c", source, ...args]);
    const closed = once(child, "close");
    const complaints = text(child.stderr);
    const lines = createInterface(child.stdout);
    const [line] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
    if (line === undefined) throw new Error(`python3 ended before it served: ${await complaints}`);
    return new PythonServer(child, closed, line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#closed;
  }
}
