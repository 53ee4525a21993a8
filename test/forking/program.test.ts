/** Forking servers in processes of their own: what becomes of their children when they end, and how they are started. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Address, capabilities } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { childArguments } from "../../dist/mixins/pool/process-flags.js";
import { isThere, patient, slow, tell } from "../remote/models.js";

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A program that serves. Disposing it kills it, with all of its process group. */
class Program implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly children: readonly number[];
  readonly address: Address;
  readonly #exited: Promise<unknown[]>;

  private constructor(child: ChildProcess, { port, children }: { port: number; children: number[] }) {
    this.process = child;
    this.address = ["127.0.0.1", port];
    this.children = children;
    this.#exited = once(child, "exit");
  }

  static async start(...args: string[]): Promise<Program> {
    // A process group of its own, as that of a program that was started in a terminal.
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    return new Program(child, JSON.parse(line));
  }

  /** Its exit code and signal. */
  exit(): Promise<unknown[]> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      process.kill(-(this.process.pid ?? 0), "SIGKILL");
    } catch {
      // All of it is gone.
    }
    await this.#exited;
  }
}

describe("A program with a forking server", slow, () => {
  const start = (transport: string): Promise<Program> => Program.start(fileOf("program.mjs"), transport);

  // On the Node transport a child has no other way to hear of it than the channel.
  it("leaves no child behind when it is killed", async () => {
    await using program = await start("node");
    await using client = await StreamTestClient.connect(program.address);
    await tell(client, "place");
    await client.write("wait\n");
    expect(program.children.map(isThere)).toEqual([true, true]);
    program.process.kill("SIGKILL");
    await program.exit();
    await expect.poll(() => program.children.filter(isThere), patient).toEqual([]);
    await client.ended();
  });

  it("ends in good order by signals to all of its processes: running handlers finish, no child is left", async () => {
    await using program = await start(capabilities().transport);
    await using client = await StreamTestClient.connect(program.address);
    const place = await tell(client, "place");
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.kill(-(program.process.pid ?? 0), signal);
      expect(await tell(client, "place")).toBe(place);
    }
    client.end();
    expect(await client.readAll()).toBe("");
    expect(await program.exit()).toEqual([0, null]);
    expect(program.children.filter(isThere)).toEqual([]);
  });
});

describe("The flags of a child process", slow, () => {
  it("are those of the server's, so that a handler in TypeScript runs as the server does", async () => {
    await using program = await Program.start("--import", "tsx", fileOf("program.ts"));
    await using client = await StreamTestClient.connect(program.address);
    expect(await tell(client, "typescript")).toBe("TYPESCRIPT!");
    client.end();
    await client.readAll();
    program.process.kill("SIGTERM");
    expect(await program.exit()).toEqual([0, null]);
  });

  it.each([
    [
      ["--import", "tsx", "--enable-source-maps"],
      ["--import", "tsx", "--enable-source-maps"],
    ],
    [["--input-type=module", "-e", "code", "--no-warnings"], ["--no-warnings"]],
    [
      ["--eval=code", "--watch", "--watch-path", "src", "-r", "x"],
      ["-r", "x"],
    ],
    [
      ["--inspect-brk=9229", "--inspect-port=0", "--expose-gc"],
      ["--inspect=0", "--expose-gc"],
    ],
  ])("leave out what belongs to one process: %j becomes %j", (own, expected) => {
    expect(childArguments(own)).toEqual(expected);
  });
});
