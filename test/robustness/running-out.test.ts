/** What happens when a process has no descriptors left: in a process of its own, which may have few. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Address } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { nativeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../support/temporary-path.js";
import { expectEcho } from "./support.js";

/** Enough for Node itself, and for some clients. */
const DESCRIPTORS = 64;
/** More than that. */
const CLIENTS = 100;

const LIMITED = `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`;

const run = promisify(execFile);
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

type Message =
  | { readonly address: Address }
  | { readonly paused: string }
  | { readonly dropped: Address }
  | { readonly done: string };

/** The server in its process. */
class LimitedServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #messages: Message[] = [];
  readonly #exited: Promise<unknown[]>;
  #changed: (() => void) | null = null;

  constructor(serverName: string, address: Address, transport: "node" | "native" = "native") {
    const args = ["-c", LIMITED, process.execPath, fixture("few-descriptors.mjs"), serverName, JSON.stringify(address)];
    this.#child = spawn("sh", args, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, SOCKETSERVER_TRANSPORT: transport },
    });
    this.#exited = once(this.#child, "exit");
    this.#child.on("message", (message: Message) => {
      this.#messages.push(message);
      this.#changed?.();
    });
  }

  /** The first message of a kind that has not been taken yet. */
  async next<Kind extends string>(kind: Kind): Promise<Extract<Message, Record<Kind, unknown>>> {
    for (;;) {
      const index = this.#messages.findIndex((message) => kind in message);
      if (index >= 0) return this.#messages.splice(index, 1)[0] as Extract<Message, Record<Kind, unknown>>;
      const changed = new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
      const ended = this.#exited.then(([code]) => {
        throw new Error(`the server has ended with ${String(code)}`);
      });
      await Promise.race([changed, ended]);
    }
  }

  async tell(order: "hoard" | "release"): Promise<void> {
    this.#child.send(order);
    await this.next("done");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    expect(await this.#exited).toEqual([0, null]);
  }
}

const isNative = nativeTransport !== null;
const reason = isNative
  ? ""
  : " (skipped: only the native transport leaves its clients in the kernel; Node turns them away)";

describe.skipIf(!isNative)(`A process without descriptors${reason}`, () => {
  const inet = (): Address => ["127.0.0.1", 0];

  it.each([
    ["MultiplexingTCPServer", inet],
  ] as const)("has a %s that pauses, serves those who are in, and serves all the others as soon as it can", async (serverName, makeAddress) => {
    await using server = new LimitedServer(serverName, makeAddress());
    const { address } = await server.next("address");
    const clients: StreamTestClient[] = [];
    for (let number = 0; number < CLIENTS; number += 1) {
      const client = await StreamTestClient.connect(address);
      await client.write(`${number}\n`);
      clients.push(client);
    }
    expect(await server.next("paused")).toEqual({ paused: "EMFILE" });
    const [first] = clients;
    if (first === undefined) expect.fail("there is no client");
    expect(await first.readLine()).toBe("0\n");
    await expectEcho(first, "still here\n");
    // Each that leaves makes room for another, in the order in which they came; none is lost.
    expect(await Promise.all(clients.slice(1).map(leaveAfterAnswer))).toEqual(
      clients.slice(1).map((_client, index) => `${index + 1}\n`),
    );
    await expectEcho(first, "and still\n");
    await first.close();
    await using late = await StreamTestClient.connect(address);
    await expectEcho(late, "a later one\n");
  });

  it.each([
    ["UnixStreamServer", temporaryPath],
  ] as const)("has a %s that serves its client when there are descriptors again", async (serverName, makeAddress) => {
    await using server = new LimitedServer(serverName, makeAddress());
    const { address } = await server.next("address");
    await server.tell("hoard");
    await using client = await StreamTestClient.connect(address);
    await client.write("patience\n");
    expect(await server.next("paused")).toEqual({ paused: "EMFILE" });
    expect(client.available).toBe(0);
    await server.tell("release");
    expect(await client.readLine()).toBe("patience\n");
  });

  it("has every call say so that needs one, and can make them all again later: no client is lost", async () => {
    const { stdout } = await run("sh", ["-c", LIMITED, process.execPath, fixture("calls-without-descriptors.mjs")]);
    const outcomes = JSON.parse(stdout);
    const failures: [call: string, syscall: string, words: RegExp][] = [
      ["new Socket()", "socket", /^Cannot make a tcp socket: too many open files \(EMFILE\)$/],
      ["socketpair()", "socketpair", /^Cannot make a pair of unix sockets: too many open files \(EMFILE\)$/],
      ["dup()", "dup", /^Cannot duplicate tcp 127\.0\.0\.1:\d+: too many open files \(EMFILE\)$/],
      ["accept()", "accept", /^Cannot accept a connection on tcp 127\.0\.0\.1:\d+: too many open files \(EMFILE\)$/],
    ];
    for (const [call, syscall, words] of failures) {
      expect(outcomes[call], call).toMatchObject({ name: "OSError", code: "EMFILE", syscall });
      expect(outcomes[call].message).toMatch(words);
    }
    expect(outcomes.received).toBe("welcome");
  });
});

const isLinux = process.platform === "linux";

describe.skipIf(!isLinux)(
  "A process without descriptors on the Node transport (Linux only: it counts /proc/self/fd)",
  () => {
    it.each([
      ["MultiplexingTCPServer", (): Address => ["127.0.0.1", 0]],
      ["MultiplexingUnixStreamServer", temporaryPath],
    ] as const)("has a %s that serves those who are in, and tells of each that it turns away", async (serverName, makeAddress) => {
      await using server = new LimitedServer(serverName, makeAddress(), "node");
      const { address } = await server.next("address");
      const clients: StreamTestClient[] = [];
      const answers: string[] = [];
      for (let number = 0; number < CLIENTS; number += 1) {
        const client = await StreamTestClient.connect(address);
        client.write(`${number}\n`).catch(() => undefined);
        clients.push(client);
        answers.push(await client.readLine().catch(() => ""));
      }
      const served = answers.filter((answer) => answer !== "").length;
      // The first of them, and no others meanwhile.
      expect(answers.map((answer) => answer !== "")).toEqual(answers.map((_, number) => number < served));
      expect(served).toBeGreaterThan(10);
      expect(await server.next("paused")).toEqual({ paused: "EMFILE" });
      for (const { address: client } of clients.slice(served)) {
        expect(await server.next("dropped")).toEqual({ dropped: typeof address === "string" ? "" : client });
      }
      for (const client of clients) await client.close();
      const late = await servedClient(address);
      await expectEcho(late, "a later one\n");
      await late.close();
    });
  },
);

/** Connects until there is room. */
async function servedClient(address: Address): Promise<StreamTestClient> {
  for (;;) {
    const client = await StreamTestClient.connect(address);
    await client.write("here\n").catch(() => undefined);
    if ((await client.readLine().catch(() => "")) === "here\n") return client;
    await client.close();
  }
}

async function leaveAfterAnswer(client: StreamTestClient): Promise<string> {
  const line = await client.readLine();
  await client.close();
  return line;
}
