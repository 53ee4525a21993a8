import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type InetAddress, type ServerOptions, ThreadingTCPServer, TimeoutError } from "ts-socketserver";
import { type RunningServer, type StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { FullBacklog } from "../socket/full-backlog.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { Stuck } from "./blocks-at-import.mjs";
import * as handlers from "./handlers.mjs";
import { available, here, unless } from "./peers.js";

/** Notes its errors. */
class Noting extends ThreadingTCPServer {
  readonly errors: unknown[] = [];
  never(): Promise<never> {
    return new Promise(() => {});
  }
  override handleError(error: unknown): void {
    this.errors.push(error);
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

describe.skipIf(!available)(`Closing a server whose handlers block${unless}`, () => {
  const wakes = ["recv", "send", "accept", "recvfrom", "connect", "waitForServer"];
  const doesNot = ["persist", "compute", "sleep"];

  it.each([
    ...wakes,
    ...doesNot,
  ])("breaks them off after shutdownTimeout, and leaves nothing behind (%s)", async (what) => {
    await using full = await FullBacklog.start(here[0]);
    const [, port] = full.address as InetAddress;
    const cycle = async (): Promise<void> => {
      const running = await obedient({ shutdownTimeout: 0.05, maxThreads: 4 });
      const clients = await Promise.all([running.connect(), running.connect(), running.connect()]);
      for (const client of clients) {
        await order(client, `${what} ${port}`);
        client.pause();
      }
      await within(5, "closing", running.close());
      for (const client of clients) client.resume();
      const endings = await Promise.all(clients.map(ending));
      // Behind bytes that it has not read yet, Node takes a reset for an end in good order.
      if (wakes.includes(what) && what !== "send") expect(endings).toEqual(["ECONNRESET", "ECONNRESET", "ECONNRESET"]);
      // Who has to be ended with its thread is told of.
      expect(running.server.errors).toHaveLength(wakes.includes(what) ? 0 : 3);
      await Promise.all(clients.map((client) => client.close()));
    };
    // Once before anything is counted: what the process opens for itself at the first thread stays.
    await cycle();
    const [descriptors, threads] = [countDescriptors(), countThreads()];
    await cycle();
    // Fewer where what ended first had not quite ended when it was counted.
    const more = (): number[] => [Math.max(0, countDescriptors() - descriptors), Math.max(0, countThreads() - threads)];
    await expect.poll(more, { timeout: 5000 }).toEqual([0, 0]);
  });

  it("breaks off also who never has to wait", async () => {
    const running = await serve(new Noting(here, handlers.Drain, { threads: 1, shutdownTimeout: 0.05 }));
    await using client = await running.connect();
    await client.readLine();
    const flood = (async () => {
      const much = "x".repeat(1_000_000);
      while (!client.raw.destroyed) await client.write(much);
    })();
    await within(5, "closing", running.close());
    await within(5, "the client's noticing", flood);
    expect(running.server.errors).toEqual([]);
  });

  it("waits for those that end in time", async () => {
    const running = await obedient({ shutdownTimeout: 5 });
    await using client = await running.connect();
    await client.write("thread\n");
    await client.readLine();
    const closing = running.close();
    await client.write("client\n");
    expect(await client.readLine()).toContain("127.0.0.1");
    client.end();
    await within(4, "closing", closing);
    expect(await client.readAll()).toBe("");
  });

  it("does not wait for daemon threads", async () => {
    const running = await obedient({ daemonThreads: true });
    await using client = await running.connect();
    await order(client, "accept");
    await within(2, "closing", running.close());
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
      expect(await within(15, "the process", once(child, "close"))).toEqual([code, null]);
    } finally {
      child.kill("SIGKILL");
    }
    expect(said).toBe("hello\n");
  });
});

describe.skipIf(!available)(`Threads that block, and that nobody has told how to wake them,${unless}`, () => {
  it("in a call that nothing can interrupt are not waited for", async () => {
    await (await obedient()).close();
    const threads = countThreads();
    const pipe = temporaryPath();
    execFileSync("mkfifo", [pipe]);
    const running = await obedient({ shutdownTimeout: 0.05 });
    await using client = await running.connect();
    await order(client, `readPipe ${pipe}`);
    await within(10, "closing", running.close());
    expect(running.server.errors).toMatchObject([{ message: expect.stringContaining("it was told to") }]);
    writeFileSync(pipe, "the end");
    await expect.poll(countThreads, { timeout: 5000 }).toBe(threads);
  });

  it("of a handler that should not block end with the server", async () => {
    const server = new ThreadingTCPServer(here, handlers.Deceptive, { threads: 1, shutdownTimeout: 0.05 });
    const running = await serve(server);
    await using client = await running.connect();
    await client.readLine();
    await within(5, "closing", running.close());
  });

  it("while they import the handler end with the server, whose open() fails", async () => {
    const path = temporaryPath();
    process.env.BLOCKED_FILE = path;
    const server = new ThreadingTCPServer(here, Stuck, { threads: 2 });
    const opening = server.open();
    opening.catch(() => {});
    await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(true);
    await within(5, "closing", server.serverClose());
    await expect(opening).rejects.toThrow();
  });
});

describe.skipIf(!available)(`requestTimeout of blocking handlers${unless}`, () => {
  it("breaks a request off, and the thread takes the next one", async () => {
    await using running = await obedient({ requestTimeout: 0.2, maxThreads: 1 });
    await using client = await running.connect();
    await client.write("thread\n");
    const thread = await client.readLine();
    expect(await ending(client)).toBe("ECONNRESET");
    await expect.poll(() => running.server.errors.length).toBe(1);
    expect(running.server.errors[0]).toBeInstanceOf(TimeoutError);
    await using next = await running.connect();
    await next.write("thread\n");
    expect(await next.readLine()).toBe(thread);
  });

  it("ends the thread of one that does not give up, and another takes its place", async () => {
    await using running = await obedient({ requestTimeout: 0.1, maxThreads: 1 });
    await using client = await running.connect();
    await order(client, "persist");
    expect(await ending(client)).toBe("ECONNRESET");
    await expect.poll(() => running.server.errors.length, { timeout: 5000 }).toBe(1);
    await using next = await running.connect();
    await next.write("thread\n");
    expect(Number(await next.readLine())).toBeGreaterThan(0);
  });
});
