/**
 * Isolation: what a handler leaves unhandled ends its own request alone. In a process of its own, because this one's test
 * runner listens for unhandled errors too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BaseRequestHandler, formatAddress, type InetAddress, MultiplexingTCPServer, TCPServer } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { within } from "../support/within.js";

const PROGRAM = fileURLToPath(new URL("isolation-program.mjs", import.meta.url));

/** A line of the program's log. */
interface Line {
  readonly level: number;
  readonly msg: string;
  readonly err: { readonly message: string; readonly stack: string };
}

/** The program of its own process. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly address: InetAddress;
  readonly #exited: Promise<unknown>;
  /** What it has written to stderr. */
  stderr = "";

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.address = ["127.0.0.1", port];
    this.#exited = once(child, "close");
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  static async start(...args: string[]): Promise<Program> {
    return await Program.startWith([], ...args);
  }

  static async startWith(options: readonly string[], ...args: string[]): Promise<Program> {
    const child = spawn(process.execPath, [...options, PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    return new Program(child, Number(port));
  }

  connect(): Promise<StreamTestClient> {
    return StreamTestClient.connect(this.address);
  }

  /** Its log, when there are so many lines. */
  async log(count: number): Promise<Line[]> {
    const complete = (): string[] => this.stderr.split("\n").slice(0, -1);
    while (complete().length < count && this.#child.stderr !== null) await once(this.#child.stderr, "data");
    return complete().map((line) => JSON.parse(line));
  }

  /** Its exit code. */
  async exit(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

async function echoes(client: StreamTestClient): Promise<boolean> {
  await client.write("still there\n");
  return (await client.readLine()) === "still there\n";
}

const misdeeds = [
  ["leaves a rejected promise", "reject", "a rejection that nobody handles"],
  ["throws in a timer", "timer", "thrown in a timer"],
  ["emits an unhandled 'error' event", "emit", "an error event"],
] as const;

for (const serverClass of ["TCPServer", "MultiplexingTCPServer"]) {
  // One process for all of them: it must survive each.
  describe(`isolation in a ${serverClass} (slow: it starts a process)`, () => {
    let program: Program;
    /** How many lines of its log have been looked at. */
    let seen = 0;

    beforeAll(async () => {
      program = await Program.start(serverClass);
    });

    afterAll(() => program[Symbol.asyncDispose]());

    /** The lines that have been added: one, and those that should not be there. */
    async function newLines(): Promise<Line[]> {
      const lines = (await program.log(seen + 1)).slice(seen);
      seen += lines.length;
      return lines;
    }

    for (const [what, order, message] of misdeeds) {
      it(`a handler that ${what}: only that request ends, logged with the peer's address`, async () => {
        // A multiplexing server works on this one at the same time, a plain server has not yet accepted it.
        await using guilty = await program.connect();
        await using bystander = await program.connect();
        const address = formatAddress(guilty.address);
        if (serverClass !== "TCPServer") expect(await echoes(bystander)).toBe(true);
        await guilty.write(`${order}\n`);
        await guilty.ended();
        const [line, ...others] = await newLines();
        expect(line).toMatchObject({
          level: 50,
          msg: `Exception occurred during processing of request from ${address}`,
          err: { message, stack: expect.stringContaining("isolation-program.mjs") },
        });
        expect(others).toEqual([]);
        expect(await echoes(bystander)).toBe(true);
      });
    }

    it("a handler whose timer throws when its request has long ended: it is logged all the same, and the server goes on", async () => {
      await using guilty = await program.connect();
      const address = formatAddress(guilty.address);
      await guilty.write("late\n");
      expect(await guilty.readAll()).toBe("");
      expect(guilty.error).toBeNull();
      const [line, ...others] = await newLines();
      expect(line).toMatchObject({
        msg: `Exception occurred during processing of request from ${address}`,
        err: { message: "thrown after the request" },
      });
      expect(others).toEqual([]);
      await using next = await program.connect();
      expect(await echoes(next)).toBe(true);
    });

    it("after all of that, the process ends in good order, and has logged nothing more", async () => {
      await using client = await program.connect();
      await client.write("stop\n");
      expect(await program.exit()).toBe(0);
      expect(await program.log(seen)).toHaveLength(seen);
    });
  });
}

describe("isolation and code outside any request (slow: it starts a process)", () => {
  // What TCPServer makes of a rejection is tested with --unhandled-rejections=throw.
  it.each([
    ["MultiplexingTCPServer", ...misdeeds[0]],
    ["TCPServer", ...misdeeds[1]],
    ["TCPServer", ...misdeeds[2]],
  ])("beside a %s, code that %s still kills the process, with exit code 1 and the error on stderr", async (serverClass, _what, order, message) => {
    await using program = await Program.start(serverClass);
    await using client = await program.connect();
    await client.write(`outside ${order}\n`);
    client.end();
    await client.ended();
    expect(await program.exit()).toBe(1);
    expectUnchanged(program, message);
  });
});

/** Expects that stderr tells an error as Node does. */
function expectUnchanged(program: Program, message: string): void {
  expect(program.stderr).toContain(message);
  expect(program.stderr).toContain("isolation-program.mjs");
  expect(program.stderr).not.toContain("Exception occurred during processing of request");
}

describe("isolation under --unhandled-rejections (slow: it starts a process)", () => {
  const failure = "a rejection that nobody handles";

  /** Has the program leave a rejection outside any request, and then end in good order. */
  async function leaveRejection(program: Program): Promise<void> {
    await using client = await program.connect();
    await client.write("outside reject\n");
    client.end();
    await client.ended();
    await using next = await program.connect().catch(() => null);
    await next?.write("stop\n");
  }

  it.each([
    ["warn", 0, true],
    ["none", 0, false],
    ["warn-with-error-code", 1, true],
    ["throw", 1, true],
  ])("=%s, one outside any request ends the process as it would without a server: exit code %i", async (mode, code, told) => {
    await using program = await Program.startWith([`--unhandled-rejections=${mode}`], "TCPServer");
    await leaveRejection(program);
    expect(await program.exit()).toBe(code);
    expect(program.stderr.includes(failure)).toBe(told);
    if (told) expectUnchanged(program, failure);
    if (mode.startsWith("warn")) expect(program.stderr).toContain("UnhandledPromiseRejectionWarning");
  });

  it("=strict, one within a request ends that alone, and is told once; one outside ends the process: exit code 1", async () => {
    await using program = await Program.startWith(["--unhandled-rejections", "strict"], "TCPServer");
    await using client = await program.connect();
    await client.write("reject\n");
    await client.ended();
    await using next = await program.connect();
    expect(await echoes(next)).toBe(true);
    await next.close();
    expect(await program.log(1)).toMatchObject([{ err: { message: failure } }]);
    program.stderr = "";
    await leaveRejection(program);
    expect(await program.exit()).toBe(1);
    expectUnchanged(program, failure);
  });
});

describe('unhandledErrors: "end-process" (slow: it starts a process)', () => {
  it("a rejection that a handler leaves unhandled ends the process, as ever in Node", async () => {
    await using program = await Program.start("MultiplexingTCPServer", "end-process");
    await using client = await program.connect();
    expect(await echoes(client)).toBe(true);
    await client.write("reject\n");
    expect(await program.exit()).toBe(1);
    expect(program.stderr).toContain("a rejection that nobody handles");
  });

  it("a handler may still await its server's shutdown()", async () => {
    class Ending extends BaseRequestHandler {
      override handle(): Promise<void> {
        return this.server.shutdown();
      }
    }
    await using running = await serve(
      new MultiplexingTCPServer(["127.0.0.1", 0], Ending, { unhandledErrors: "end-process", shutdownTimeout: 60 }),
    );
    await using client = await running.connect();
    await within(15, "serving", running.served);
    expect(await client.readAll()).toBe("");
  });

  it("is no option of a plain server, whose handlers could wait for themselves without it", () => {
    expect(() => new TCPServer(["127.0.0.1", 0], BaseRequestHandler, { unhandledErrors: "end-process" })).toThrow(
      'TCPServer has no option "unhandledErrors"',
    );
  });
});
