import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Address,
  formatAddress,
  type InetAddress,
  type ServerOptions,
  ThreadingTCPServer,
  TimeoutError,
} from "ts-socketserver";
import { type RunningServer, type StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { holdTimers, patient, slow } from "../remote/models.js";
import { FullBacklog } from "../socket/full-backlog.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { Stuck } from "./blocks-at-import.mjs";
import * as handlers from "./handlers.mjs";
import { tell } from "./orders.js";
import { available, here, unless } from "./peers.js";

/** Notes its errors. */
class Noting extends ThreadingTCPServer {
  readonly errors: unknown[] = [];
  never(): Promise<never> {
    return new Promise(() => {});
  }
  /** Whose requests they were. */
  readonly blamed: string[] = [];
  override handleError(error: unknown, _request: unknown, clientAddress: Address): void {
    this.errors.push(error);
    this.blamed.push(formatAddress(clientAddress));
  }
}

const obedient = (options: ServerOptions = {}): Promise<RunningServer<Noting>> =>
  serve(new Noting(here, handlers.Obedient, { threads: 1, ...options }));

/** Gives an order that has no answer. */
async function order(client: StreamTestClient, text: string): Promise<void> {
  await client.write(`begin ${text}\n`);
  expect(await client.readLine()).toBe("begun\n");
}

/** What the connection ends with: the code of its error, or `""`. */
async function ending(client: StreamTestClient): Promise<string> {
  await client.readAll();
  return (client.error as NodeJS.ErrnoException | null)?.code ?? "";
}

const countDescriptors = (): number => readdirSync("/proc/self/fd").length;
const countThreads = (): number => readdirSync("/proc/self/task").length;

describe.skipIf(!available)(`Closing a server whose handlers block${unless}`, slow, () => {
  const wakes = ["recv", "send", "accept", "recvfrom", "connect", "waitForServer"];
  const doesNot = ["sleep", "persist", "compute"];

  it("breaks them off after shutdownTimeout, whatever they do, and leaves nothing behind", async () => {
    await using full = await FullBacklog.start(here[0]);
    const [, port] = full.address as InetAddress;
    // What the process opens for itself at the first thread stays.
    await (await obedient()).close();
    const [descriptors, threads] = [countDescriptors(), countThreads()];
    const all = [...wakes, ...doesNot];
    const running = await obedient({ shutdownTimeout: 0.05, maxThreads: all.length });
    const clients: StreamTestClient[] = [];
    for (const what of all) {
      const client = await running.connect();
      clients.push(client);
      await order(client, `${what} ${port}`);
      client.pause();
    }
    const stubborn = clients.slice(wakes.length).map(({ address }) => formatAddress(address));
    await within(30, "closing", running.close());
    for (const client of clients) client.resume();
    const endings = await Promise.all(clients.map(ending));
    // Behind bytes that it has not read yet, as those of "send", Node takes a reset for an end in good order.
    const broken = all.filter((what, index) => wakes.includes(what) && endings[index] === "ECONNRESET");
    expect(broken).toEqual(expect.arrayContaining(wakes.filter((what) => what !== "send")));
    // Who has to be ended with its thread is told of.
    expect([...running.server.blamed].sort()).toEqual(stubborn.sort());
    await Promise.all(clients.map((client) => client.close()));
    // Fewer where what ended first had not quite ended when it was counted.
    const more = (): number[] => [Math.max(0, countDescriptors() - descriptors), Math.max(0, countThreads() - threads)];
    await expect.poll(more, patient).toEqual([0, 0]);
  });

  it("breaks off also who never has to wait", async () => {
    const running = await serve(new Noting(here, handlers.Drain, { threads: 1, shutdownTimeout: 0.05 }));
    await using client = await running.connect();
    await client.readLine();
    const flood = (async () => {
      const much = "x".repeat(1_000_000);
      while (!client.raw.destroyed) await client.write(much);
    })();
    await within(30, "closing", running.close());
    await within(30, "the client's noticing", flood);
    expect(running.server.errors).toEqual([]);
  });

  it("waits for those that end in time", async () => {
    const running = await obedient({ shutdownTimeout: 60 });
    await using client = await running.connect();
    await client.write("thread\n");
    await client.readLine();
    const closing = running.close();
    await client.write("client\n");
    expect(await client.readLine()).toContain("127.0.0.1");
    client.end();
    await within(30, "closing", closing);
    expect(await client.readAll()).toBe("");
  });

  it("does not wait for daemon threads", async () => {
    const running = await obedient({ daemonThreads: true });
    await using client = await running.connect();
    await order(client, "accept");
    await within(30, "closing", running.close());
  });

  it.each([
    ["exit", 5],
    ["error", 1],
  ])("lets the process end, whose handlers block (by an %s)", async (how, code) => {
    const program = fileURLToPath(new URL("./exits.mjs", import.meta.url));
    const child = spawn(process.execPath, [program, how], { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
    });
    try {
      expect(await within(30, "the process", once(child, "close"))).toEqual([code, null]);
    } finally {
      child.kill("SIGKILL");
    }
    expect(said).toBe("hello\n");
  });
});

describe.skipIf(!available)(`Threads that block, and that nobody has told how to wake them,${unless}`, slow, () => {
  it("in a call that nothing can interrupt are not waited for", async () => {
    const threads = countThreads();
    const pipe = temporaryPath();
    execFileSync("mkfifo", [pipe]);
    const running = await obedient({ shutdownTimeout: 0.05 });
    await using client = await running.connect();
    await order(client, `readPipe ${pipe}`);
    await within(10, "closing", running.close());
    expect(running.server.errors).toMatchObject([{ message: expect.stringContaining("it was told to") }]);
    writeFileSync(pipe, "the end");
    // Fewer where one of an earlier test was about to end.
    await expect.poll(countThreads, patient).toBeLessThanOrEqual(threads);
  });

  it("of a handler that should not block end with the server", async () => {
    const server = new ThreadingTCPServer(here, handlers.Deceptive, { threads: 1, shutdownTimeout: 0.05 });
    const running = await serve(server);
    await using client = await running.connect();
    await client.readLine();
    await within(30, "closing", running.close());
  });

  it("while they import the handler end with the server, whose open() fails", async () => {
    const path = temporaryPath();
    process.env.BLOCKED_FILE = path;
    onTestFinished(() => {
      delete process.env.BLOCKED_FILE;
    });
    const server = new ThreadingTCPServer(here, Stuck, { threads: 1 });
    const opening = server.open();
    opening.catch(() => {});
    await expect.poll(() => existsSync(path), patient).toBe(true);
    await within(30, "closing", server.serverClose());
    await expect(opening).rejects.toThrow();
  });
});

describe.skipIf(!available)(`requestTimeout of blocking handlers${unless}`, slow, () => {
  it("breaks a request off, and the thread takes the next one; one that does not give up ends with its thread", async () => {
    holdTimers();
    await using running = await obedient({ requestTimeout: 0.2, maxThreads: 1 });
    await using client = await running.connect();
    const thread = await tell(client, "thread");
    vi.advanceTimersByTime(200);
    expect(await ending(client)).toBe("ECONNRESET");
    await expect.poll(() => running.server.errors.length, patient).toBe(1);
    expect(running.server.errors[0]).toBeInstanceOf(TimeoutError);
    await using next = await running.connect();
    expect(await tell(next, "thread")).toBe(thread);
    await order(next, "persist");
    vi.advanceTimersByTime(200);
    expect(await ending(next)).toBe("ECONNRESET");
    // The time that it has to give way.
    vi.advanceTimersByTime(500);
    await expect.poll(() => running.server.errors.length, patient).toBe(2);
    await using last = await running.connect();
    expect(Number(await tell(last, "thread"))).toBeGreaterThan(Number(thread));
  });
});
