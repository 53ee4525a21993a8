import { readdirSync } from "node:fs";
import {
  type Address,
  BaseRequestHandler,
  ConnectionResetError,
  capabilities,
  MultiplexingTCPServer,
  type ServerOptions,
  type Socket,
  TCPServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
} from "ts-socketserver";
import { DatagramTestClient, StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../temporary-path.js";
import * as handlers from "./handlers.mjs";
import { Careless } from "./starts-a-server.mjs";

const here: Address = ["127.0.0.1", 0];
const { descriptors } = capabilities();
const unless = descriptors ? "" : " (skipped: needs the native transport)";

/** For polls: threads take their time on a busy machine. */
const patient = { timeout: 15_000 };

/** Counts, and notes its errors. */
class Counting extends ThreadingTCPServer {
  readonly errors: unknown[] = [];
  #count = 0;
  count(): number {
    this.#count += 1;
    return this.#count;
  }
  failing(): never {
    throw new RangeError("the server's own");
  }
  override handleError(error: unknown): void {
    this.errors.push(error);
  }
}

const counting = (options: ServerOptions = {}) =>
  serve(new Counting(here, handlers.Obedient, { threads: 2, ...options }));

/** A client's order and the answer. */
async function tell(client: StreamTestClient, order: string): Promise<string> {
  await client.write(`${order}\n`);
  return (await client.readLine()).trimEnd();
}

/** A client that gives one order, and reads to the end. */
async function order(address: Address, text: string): Promise<string> {
  await using client = await StreamTestClient.connect(address);
  await client.write(`${text}\n`);
  client.end();
  return await client.readAll();
}

describe.skipIf(!descriptors)(`ThreadingMixIn${unless}`, () => {
  it.each([
    TCPServer,
    MultiplexingTCPServer,
    ThreadingTCPServer,
  ])("runs the same handler in a $name", async (Server) => {
    await using running = await serve(new Server(here, handlers.Upper));
    await using client = await StreamTestClient.connect(running.address);
    await client.write("one\ntwo\n");
    expect([await client.readLine(), await client.readLine()]).toEqual(["ONE\n", "TWO\n"]);
  });

  it("runs Unix streams, UDP and Unix datagrams as well", async () => {
    await using stream = await serve(new ThreadingUnixStreamServer(temporaryPath(), handlers.Upper, { threads: 1 }));
    await using client = await StreamTestClient.connect(stream.address);
    await client.write("stream\n");
    expect(await client.readLine()).toBe("STREAM\n");
    for (const server of [
      new ThreadingUDPServer(here, handlers.UpperDatagram, { threads: 1 }),
      new ThreadingUnixDatagramServer(temporaryPath(), handlers.UpperDatagram, { threads: 1 }),
    ]) {
      await using running = await serve(server);
      await using sender = await DatagramTestClient.open(running.address);
      await sender.send("datagram");
      expect(await sender.receive()).toBe("DATAGRAM");
    }
  });

  it("runs handlers at once that keep their threads: replies come in inverted order", async () => {
    await using running = await counting();
    await using first = await StreamTestClient.connect(running.address);
    await using second = await StreamTestClient.connect(running.address);
    expect(await tell(first, "thread")).not.toBe(await tell(second, "thread"));
    const path = temporaryPath();
    const slow = tell(first, `spinUntil ${path}`);
    expect(await tell(second, `create ${path}`)).toBe("created");
    expect(await slow).toBe("seen");
  });

  it("gives each connection to the thread with the least to do", async () => {
    await using running = await counting();
    const threads: string[] = [];
    const clients: StreamTestClient[] = [];
    for (let index = 0; index < 6; index += 1) {
      const client = await StreamTestClient.connect(running.address);
      clients.push(client);
      threads.push(await tell(client, "thread"));
    }
    for (const client of clients) await client.close();
    const [one, other] = new Set(threads);
    expect(threads.filter((thread) => thread === one)).toHaveLength(3);
    expect(threads.filter((thread) => thread === other)).toHaveLength(3);
  });

  it("lets handlers call the server, whose state is one, and hands its errors on", async () => {
    await using running = await counting();
    const counts = await Promise.all(Array.from({ length: 8 }, () => order(running.address, "count")));
    expect(counts.map(Number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await using client = await StreamTestClient.connect(running.address);
    expect(await tell(client, "failing")).toBe("the server's own");
    expect(await tell(client, "address")).toBe(Array.from(running.address).join(" "));
  });

  it("gives a handler's failure to handleError(), with its class, and goes on", async () => {
    await using running = await counting({ shutdownTimeout: 0.1 });
    expect(await order(running.address, "fail")).toBe("");
    expect(await order(running.address, "failAsReset")).toBe("");
    expect(await order(running.address, "leaveFailure")).toBe("");
    await expect.poll(() => running.server.errors.length, patient).toBe(3);
    const named = (name: string): unknown => running.server.errors.find((error) => (error as Error).name === name);
    expect(named("TypeError")).toMatchObject({ stack: expect.stringContaining("handlers.mjs") });
    expect(named("RangeError")).toMatchObject({ message: "left behind" });
    expect(named("ConnectionResetError")).toMatchObject({ code: "ECONNRESET", syscall: "recv" });
    expect(named("ConnectionResetError")).toBeInstanceOf(ConnectionResetError);
    await using client = await StreamTestClient.connect(running.address);
    expect(await tell(client, "count")).toBe("1");
  });

  it("ends by an ExitRequest of a handler", async () => {
    const server = new Counting(here, handlers.Obedient, { threads: 1 });
    await using _server = server;
    await server.open();
    const serving = server.serveForever();
    await order(server.serverAddress, "quit").catch(() => {});
    await expect(serving).rejects.toMatchObject({ name: "ExitRequest", exitCode: 3 });
  });

  it.each(["shutdown", "close"])("lets a handler end the server (%s)", async (how) => {
    const server = new Counting(here, handlers.Obedient, { threads: 1 });
    await using _server = server;
    await server.open();
    const serving = server.serveForever();
    expect(await order(server.serverAddress, how)).toMatch(/^(shut down|closing)\n$/);
    await serving;
  });

  it.each([
    ["exit", "it left with the exit code 7", {}],
    ["eat", "memory", { resourceLimits: { maxOldGenerationSizeMb: 24 } }],
  ])("survives a handler that ends its thread (%s): only its own requests end", async (how, reason, options) => {
    await using running = await counting(options);
    await using victim = await StreamTestClient.connect(running.address);
    await using bystander = await StreamTestClient.connect(running.address);
    await tell(victim, "thread");
    const thread = await tell(bystander, "thread");
    await victim.write(`${how}\n`);
    await victim.ended().catch(() => {});
    expect(await tell(bystander, "thread")).toBe(thread);
    await expect
      .poll(() => running.server.errors, patient)
      .toContainEqual(expect.objectContaining({ message: expect.stringContaining(reason) }));
    // The pool is whole again: the thread that took the lost one's place has the least to do.
    await expect.poll(() => order(running.address, "thread"), patient).not.toBe(`${thread}\n`);
  });

  it.each(["spin", "wait"])("breaks off a request that takes longer than requestTimeout (%s)", async (how) => {
    await using running = await counting({ requestTimeout: 0.2 });
    const ending = order(running.address, how).catch(() => "broken");
    await using client = await StreamTestClient.connect(running.address);
    expect(await tell(client, "count")).toBe("1");
    expect(["", "broken"]).toContain(await ending);
    await expect.poll(() => running.server.errors, patient).toMatchObject([{ code: "ETIMEDOUT" }]);
  });

  it("leaves no descriptor and no thread behind, whatever its handlers do when it is closed", async () => {
    const open = (): number => readdirSync("/proc/self/fd").length;
    const threads = (): number => readdirSync("/proc/self/task").length;
    const cycle = async (): Promise<void> => {
      const server = new Counting(here, handlers.Obedient, { threads: 2, shutdownTimeout: 0.1 });
      await server.open();
      const serving = server.serveForever();
      await using waiting = await StreamTestClient.connect(server.serverAddress);
      await tell(waiting, "thread");
      await waiting.write("wait\n");
      await using spinning = await StreamTestClient.connect(server.serverAddress);
      await tell(spinning, "thread");
      await spinning.write("spin\n");
      await server.serverClose();
      await serving;
      await Promise.all([waiting.ended(), spinning.ended()].map((end) => end.catch(() => {})));
    };
    await cycle();
    const before = [open(), threads()];
    await cycle();
    await cycle();
    await expect.poll(() => [open(), threads()], patient).toEqual(before);
  });

  it("may be closed while its threads start", async () => {
    const server = new Counting(here, handlers.Obedient, { threads: 4 });
    const opening = server.open().catch(() => {});
    await server.serverClose();
    await opening;
    await expect(server.open()).rejects.toMatchObject({ code: "EBADF" });
  });

  it("does not wait for handlers of daemonThreads", async () => {
    const server = new Counting(here, handlers.Obedient, { threads: 1, daemonThreads: true, shutdownTimeout: 1000 });
    await server.open();
    const serving = server.serveForever();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await tell(client, "thread");
    await client.write("spin\n");
    await server.serverClose();
    await serving;
  });
});

describe.skipIf(!descriptors)(`Handlers that cannot run in threads${unless}`, () => {
  class Nameless extends BaseRequestHandler<Socket> {}
  class Elsewhere extends BaseRequestHandler<Socket> {
    static override readonly module = "file:///nowhere/module.mjs";
  }
  class Path extends BaseRequestHandler<Socket> {
    static override readonly module = "handlers.mjs";
  }

  it.each([
    ["names no module", Nameless, /Cannot run Nameless in threads: it does not name its module.*static override/],
    ["inherits a module", handlers.Inheriting, /Cannot run Inheriting in threads: it does not name its module/],
    ["names no URL", Path, /Cannot run Path in threads: its module is not a URL \(handlers\.mjs\)/],
    ["cannot be imported", Elsewhere, /Cannot import file:\/\/\/nowhere\/module\.mjs for its handler Elsewhere/],
    ["is not exported", handlers.hidden, /Cannot find the handler Hidden in file:.*handlers\.mjs: export it there/],
    ["starts a server when imported", Careless, /must not start a server by that\. Start it under: if \(isMain/],
  ])("are refused when the server opens: one that %s", async (_what, Handler, words) => {
    const server = new ThreadingTCPServer(here, Handler, { threads: 2 });
    await expect(server.open()).rejects.toThrow(words);
    await server.serverClose();
  });

  it("fail alone when they cannot be made", async () => {
    const server = new Counting(here, handlers.Throwing, { threads: 1 });
    await using running = await serve(server);
    await using client = await StreamTestClient.connect(running.address);
    expect(await client.readAll()).toHaveLength(0);
    await expect.poll(() => server.errors, patient).toMatchObject([{ name: "TypeError", message: "cannot be made" }]);
  });
});
