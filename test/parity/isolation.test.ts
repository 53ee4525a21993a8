/**
 * Isolation: what a handler leaves unhandled ends its own request alone. In a process of its own, because this one's test
 * runner listens for unhandled errors too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BaseRequestHandler, formatAddress, type InetAddress, TCPServer } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

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
  describe(`isolation in a ${serverClass} (slow: it starts a process)`, () => {
    for (const [what, order, message] of misdeeds) {
      it(`a handler that ${what}: only that request ends, logged with the peer's address`, async () => {
        await using program = await Program.start(serverClass);
        // A multiplexing server works on this one at the same time, a plain server has not yet accepted it.
        await using guilty = await program.connect();
        await using bystander = await program.connect();
        const address = formatAddress(guilty.address);
        if (serverClass !== "TCPServer") expect(await echoes(bystander)).toBe(true);
        await guilty.write(`${order}\n`);
        await guilty.ended();
        const [line, ...others] = await program.log(1);
        expect(line).toMatchObject({
          level: 50,
          msg: `Exception occurred during processing of request from ${address}`,
          err: { message, stack: expect.stringContaining("isolation-program.mjs") },
        });
        expect(others).toEqual([]);
        expect(await echoes(bystander)).toBe(true);
        await bystander.write("stop\n");
        expect(await program.exit()).toBe(0);
      });
    }

    it("a handler whose timer throws when its request has long ended: it is logged all the same, and the server goes on", async () => {
      await using program = await Program.start(serverClass);
      await using guilty = await program.connect();
      const address = formatAddress(guilty.address);
      await guilty.write("late\n");
      expect(await guilty.readAll()).toBe("");
      expect(guilty.error).toBeNull();
      const [line] = await program.log(1);
      expect(line).toMatchObject({
        msg: `Exception occurred during processing of request from ${address}`,
        err: { message: "thrown after the request" },
      });
      await using next = await program.connect();
      expect(await echoes(next)).toBe(true);
      await next.write("stop\n");
      expect(await program.exit()).toBe(0);
    });

    for (const [what, order, message] of misdeeds) {
      it(`code outside any request that ${what} still kills the process, with exit code 1 and the error on stderr`, async () => {
        await using program = await Program.start(serverClass);
        await using client = await program.connect();
        await client.write(`outside ${order}\n`);
        client.end();
        await client.ended();
        expect(await program.exit()).toBe(1);
        expect(program.stderr).toContain(message);
        expect(program.stderr).toContain("isolation-program.mjs");
        expect(program.stderr).not.toContain("Exception occurred during processing of request");
      });
    }
  });
}

describe("isolation under --unhandled-rejections (slow: it starts a process)", () => {
  const left = "a rejection that nobody handles";

  /** Has the program leave a rejection outside any request, and then end in good order. */
  async function leaveRejection(...options: string[]): Promise<Program> {
    const program = await Program.startWith(options, "TCPServer");
    await using client = await program.connect();
    await client.write("outside reject\n");
    client.end();
    await client.ended();
    await using next = await program.connect().catch(() => null);
    await next?.write("stop\n");
    return program;
  }

  it.each([
    ["warn", 0, true],
    ["none", 0, false],
    ["warn-with-error-code", 1, true],
    ["strict", 1, true],
    ["throw", 1, true],
  ])("=%s, one outside any request ends the process as it would without a server: exit code %i", async (mode, code, told) => {
    await using program = await leaveRejection(`--unhandled-rejections=${mode}`);
    expect(await program.exit()).toBe(code);
    expect(program.stderr.includes(left)).toBe(told);
    if (mode.startsWith("warn")) expect(program.stderr).toContain("UnhandledPromiseRejectionWarning");
  });

  it("=strict, one within a request ends that alone, and is told once", async () => {
    await using program = await Program.startWith(["--unhandled-rejections", "strict"], "TCPServer");
    await using client = await program.connect();
    await client.write("reject\n");
    await client.ended();
    await using next = await program.connect();
    expect(await echoes(next)).toBe(true);
    await next.write("stop\n");
    expect(await program.exit()).toBe(0);
    expect(await program.log(1)).toMatchObject([{ err: { message: left } }]);
  });
});

describe('isolation: "awaited" (slow: it starts a process)', () => {
  it("a rejection that a handler leaves unhandled ends the process, as ever in Node", async () => {
    await using program = await Program.start("MultiplexingTCPServer", "awaited");
    await using client = await program.connect();
    expect(await echoes(client)).toBe(true);
    await client.write("reject\n");
    expect(await program.exit()).toBe(1);
    expect(program.stderr).toContain("a rejection that nobody handles");
  });

  it("a handler may still await its server's shutdown()", async () => {
    await using program = await Program.start("MultiplexingTCPServer", "awaited");
    await using client = await program.connect();
    await client.write("stop\n");
    expect(await program.exit()).toBe(0);
  });

  it("is no option of a plain server, whose handlers could wait for themselves without it", () => {
    expect(() => new TCPServer(["127.0.0.1", 0], BaseRequestHandler, { isolation: "awaited" })).toThrow(
      'TCPServer has no option "isolation"',
    );
  });
});
