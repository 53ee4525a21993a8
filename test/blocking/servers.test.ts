import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Address,
  type BlockingRequestHandlerClass,
  type BlockingSocket,
  ConnectionResetError,
  ExitRequest,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  type ServerOptions,
  TCPServer,
  ThreadingMixIn,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
  UnsupportedOperation,
} from "ts-socketserver";
import { IPPROTO_TCP, TCP_NODELAY } from "ts-socketserver/socket";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it, vi } from "vitest";
import { patient, shared, slow } from "../remote/models.js";
import { settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import * as handlers from "./handlers.mjs";
import { expectNothingAskedTooLate, tell } from "./orders.js";
import { available, connected, here, unless } from "./peers.js";

/** Counts, and notes its errors. */
class Counting extends ThreadingTCPServer {
  readonly errors: unknown[] = [];
  #count = 0;
  count(): number {
    this.#count += 1;
    return this.#count;
  }
  async failing(): Promise<never> {
    throw new RangeError("the server's own");
  }
  never(): Promise<never> {
    return new Promise(() => {});
  }
  override handleError(error: unknown): void {
    this.errors.push(error);
  }
}

const counting = (options: ServerOptions = {}, handler = handlers.Obedient): Promise<RunningServer<Counting>> =>
  serve(new Counting(here, handler, { threads: 1, ...options }));

/** Runs a handler here: it finds what it waits for. */
async function run(handler: object, request: BlockingSocket): Promise<void> {
  const Handler = handler as new (
    request: BlockingSocket,
    clientAddress: Address,
    server: object,
  ) => { run(): Promise<void> };
  await new Handler(request, here, {}).run();
}

describe.skipIf(!available)(`Blocking handlers in threads${unless}`, slow, () => {
  it("serve TCP and Unix streams, as Python's programs do", async () => {
    for (const server of [
      new ThreadingTCPServer(here, handlers.Echo, { threads: 1 }),
      new ThreadingUnixStreamServer(temporaryPath(), handlers.Echo, { threads: 1 }),
    ]) {
      await using running = await serve(server);
      for (let count = 0; count < 3; count += 1) {
        await using client = await running.connect();
        await client.write("hello world\n");
        expect(await client.readLine()).toBe("hello world\n");
        await client.write("once more\n");
        expect(await client.readLine()).toBe("once more\n");
        client.end();
        expect(await client.readAll()).toBe("");
      }
    }
  });

  it("end with their connection, whatever files of it they have left open", async () => {
    await using running = await serve(new ThreadingTCPServer(here, handlers.Forgetful, { threads: 1 }));
    for (let count = 0; count < 2; count += 1) {
      await using client = await running.connect();
      expect(await client.readAll()).toBe("left open");
    }
  });

  it("serve UDP and Unix datagrams", async () => {
    const options = { threads: 1, maxPacketSize: 20 };
    for (const server of [
      new ThreadingUDPServer(here, handlers.UpperDatagram, options),
      new ThreadingUnixDatagramServer(temporaryPath(), handlers.UpperDatagram, options),
    ]) {
      await using running = await serve(server);
      await using client = await running.datagrams();
      for (const text of ["one", "two", "three"]) {
        await client.send(text);
        expect(await client.receive()).toBe(text.toUpperCase());
      }
      await client.send("longer than twenty bytes");
      expect(await client.receive()).toBe("LONGER THAN TWENTY B...");
    }
    await using running = await serve(new ThreadingUDPServer(here, handlers.TwiceDatagram, { threads: 1 }));
    await using client = await running.datagrams();
    await client.send("x");
    expect([await client.receive(), await client.receive()]).toEqual(["1 x", "2 x"]);
  });
});

describe.skipIf(!available)(`A blocking handler in a thread${unless}`, slow, () => {
  const use = shared(() => counting({ maxThreads: 1 }));

  it("knows its client and its server, and calls its methods, whose answers it waits for", async () => {
    const running = use();
    await using client = await running.connect();
    const peer = String(client.address);
    expect(await tell(client, "client")).toBe(`${peer} ${peer}`);
    expect(await tell(client, "address")).toBe((running.address as [string, number]).join(" "));
    expect(await tell(client, "count")).toBe("1");
    expect(await tell(client, "count")).toBe("2");
    expect(await tell(client, "limit")).toBe("1");
    expect(await tell(client, "failing")).toBe("RangeError the server's own");
    expect(await tell(client, "socketOfServer")).toBe("DataCloneError");
    expect(await tell(client, "assign")).toBe(
      "Cannot set the server's maxThreads from a handler: give the server a method for that.",
    );
    expect(await tell(client, "count")).toBe("3");
  });

  it("does not ask the server for a request that was broken off", async () => {
    await expectNothingAskedTooLate(use(), 4);
  });

  it("has time-outs", async () => {
    await using client = await use().connect();
    expect(await tell(client, "timeOut")).toBe("TimeoutError");
    expect(await tell(client, "count")).toBe("6");
  });

  it("gives its thread to the next one when it has ended, and has left its result", async () => {
    const running = use();
    for (let count = 7; count <= 36; count += 1) {
      await using client = await running.connect();
      expect(await tell(client, "count")).toBe(String(count));
    }
    expect(running.server.errors).toEqual([]);
  });

  it("has its errors told to handleError() with their class, and the server goes on", async () => {
    const running = use();
    const { errors } = running.server;
    {
      await using client = await running.connect();
      await client.write("fail\n");
      expect(await client.readAll()).toBe("");
    }
    await expect.poll(() => errors, patient).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(ConnectionResetError);
    expect(errors[0]).toMatchObject({ message: "told to fail", code: "ECONNRESET" });
    await using client = await running.connect();
    expect(await tell(client, "count")).toBe("37");
  });

  it("fails when its client has broken the connection, which is told", async () => {
    const running = use();
    const client = await running.connect();
    await tell(client, "count");
    client.reset();
    await expect.poll(() => running.server.errors, patient).toEqual([expect.any(ConnectionResetError)]);
  });

  // The last one, since nothing is accepted after it.
  it("ends the loop of its server without waiting for itself", async () => {
    const running = use();
    await using client = await running.connect();
    expect(await tell(client, "shutdown")).toBe("undefined");
    await running.served;
    expect(await tell(client, "count")).toBe("39");
  });
});

describe.skipIf(!available)(`A blocking handler in any thread${unless}`, slow, () => {
  it("is prepared and cleaned up, with the settings of its class", async () => {
    const [client, request] = connected();
    using _client = client;
    request.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    await run(handlers.Steps, request);
    expect(client.recv(100).toString()).toBe("setup handle 5 0 finish");
  });

  it("fails by what handle() and finish() have thrown, together", async () => {
    const [client, request] = connected();
    using _client = client;
    using _request = request;
    await expect(run(handlers.Twice, request)).rejects.toMatchObject({
      name: "AggregateError",
      message: "handle() failed, and finish() after it",
    });
  });

  it.each([
    [
      "super.setup() was forgotten",
      handlers.ForgetfulSetup,
      'ForgetfulSetup.setup() did not call super.setup(): begin it with "super.setup();".',
    ],
    [
      "it serves datagrams",
      handlers.UpperDatagram,
      "UpperDatagram serves datagrams; for connections extend BlockingStreamRequestHandler.",
    ],
  ])("says where %s", async (_what, handler, message) => {
    const [client, request] = connected();
    using _client = client;
    using _request = request;
    await expect(run(handler, request)).rejects.toThrow(message);
  });
});

describe.skipIf(!available)(`What blocking handlers print${unless}`, slow, () => {
  it("is let go of when it has been written, although they go on printing", async () => {
    const program = fileURLToPath(new URL("./prints-much.mjs", import.meta.url));
    const child = fork(program, [], { execArgv: ["--expose-gc"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    try {
      const [bytesPerLine] = await within(60, "the program", once(child, "message"));
      // An acknowledgement that nobody takes would be some 450.
      expect(bytesPerLine).toBeLessThan(150);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("is to be seen while they go on waiting, and all of it when they end their thread", async () => {
    const program = fileURLToPath(new URL("./prints.mjs", import.meta.url));
    const child = spawn(process.execPath, [program], { stdio: "pipe" });
    let output = "";
    let errors = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    child.stderr.on("data", (text) => {
      errors += text;
    });
    try {
      await expect.poll(() => [output, errors], patient).toEqual(["one\ntwo\n", "three\nfour\n"]);
      child.stdin.end("go on");
      expect(await within(60, "the process", once(child, "close"))).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
    expect(output).toBe(`one\ntwo\n${"long ".repeat(100_000)}\nthe end\n`);
  });
});

describe.skipIf(!available)(`The threads of blocking handlers${unless}`, slow, () => {
  it("are one for each connection; they end after half a minute without one, but for those that were started ahead", async () => {
    await using running = await counting({ threads: 1, maxThreads: 6 });
    const countThreads = (): number => readdirSync("/proc/self/task").length;
    const before = countThreads();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const clients = await Promise.all(Array.from({ length: 6 }, () => running.connect()));
      // Answered in the order that is the reverse of theirs: all of them run.
      const threads: string[] = [];
      for (const client of clients.reverse()) threads.push(await tell(client, "thread"));
      expect(new Set(threads).size).toBe(6);
      expect(countThreads()).toBe(before + 5);
      await Promise.all(clients.map((client) => client.close()));
      await expect.poll(() => running.server.activeRequests, patient).toBe(0);
      vi.advanceTimersByTime(29_000);
      await settle();
      expect(countThreads()).toBe(before + 5);
      // It is looked every half minute, and who came a moment too late is left for the next time.
      vi.advanceTimersByTime(62_000);
      await expect.poll(countThreads, patient).toBe(before);
    } finally {
      vi.useRealTimers();
    }
    await using client = await running.connect();
    expect(await tell(client, "count")).toBe("1");
  });

  it("are at most maxThreads; who comes then waits, and is served by the one that is free first; one that ends is replaced", async () => {
    await using running = await counting({ threads: 2, maxThreads: 2 });
    await using bystander = await running.connect();
    const second = await running.connect();
    const threads = [await tell(bystander, "thread"), await tell(second, "thread")];
    expect(new Set(threads).size).toBe(2);
    await using victim = await running.connect();
    await victim.write("thread\n");
    expect(await tell(bystander, "count")).toBe("1");
    expect(running.server.activeRequests).toBe(2);
    await second.close();
    expect((await victim.readLine()).trimEnd()).toBe(threads[1]);
    // Only its own request ends with it.
    await victim.write("exitProcess 7\n");
    expect(await victim.readAll()).toBe("");
    await expect
      .poll(() => running.server.errors, patient)
      .toMatchObject([{ code: "ECHILD", message: "A thread for Obedient has ended: it left with the exit code 7" }]);
    expect(await tell(bystander, "thread")).toBe(threads[0]);
    await using next = await running.connect();
    expect(await tell(next, "count")).toBe("2");
  });

  it("are as many as threads says, even where maxThreads says less", async () => {
    await using running = await counting({ threads: 2, maxThreads: 1 });
    const clients = await Promise.all([running.connect(), running.connect()]);
    expect(new Set(await Promise.all(clients.map((client) => tell(client, "thread")))).size).toBe(2);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("refuse a number that is none", async () => {
    const server = new ThreadingTCPServer(here, handlers.Echo, { maxThreads: 0 });
    await expect(server.open()).rejects.toThrow("Cannot use 0 as ThreadingTCPServer.maxThreads");
  });
});

describe.skipIf(!available)(`Errors of blocking handlers${unless}`, slow, () => {
  it("say that a method is asynchronous", async () => {
    await using running = await counting({}, handlers.Asynchronous);
    await using _client = await running.connect();
    await expect.poll(() => running.server.errors, patient).toHaveLength(1);
    expect((running.server.errors[0] as Error).message).toContain(
      "Asynchronous.handle() is asynchronous, and this is a blocking handler: leave out async",
    );
  });

  it("end the server, where they ask for it", async () => {
    const server = new Counting(here, handlers.Obedient, { threads: 1 });
    await server.open();
    const served = server.serveForever();
    await using client = await StreamTestClient.connect(server.serverAddress);
    const ended = expect(served).rejects.toThrow(ExitRequest);
    await client.write("exit\n");
    await ended;
    await server.serverClose();
  });

  it("let a datagram go unanswered", async () => {
    class Noting extends ThreadingUDPServer {
      readonly errors: unknown[] = [];
      override handleError(error: unknown): void {
        this.errors.push(error);
      }
    }
    await using running = await serve(new Noting(here, handlers.FailingDatagram, { threads: 1 }));
    await using client = await running.datagrams();
    await client.send("x");
    await expect
      .poll(() => running.server.errors, patient)
      .toMatchObject([{ name: "RangeError", message: "told to fail" }]);
    expect(running.server.activeRequests).toBe(0);
  });

  it("that come when the handler is over do not end the thread", async () => {
    await using running = await counting({ maxThreads: 1 }, handlers.Untidy);
    const threads: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      await using client = await running.connect();
      threads.push(await client.readAll());
    }
    // One that takes the place of another would serve them, too.
    expect(threads).toEqual(Array(3).fill(expect.stringMatching(/^\d+\n$/)));
    expect(new Set(threads).size).toBe(1);
  });
});

describe("Blocking handlers elsewhere", () => {
  const cases = [
    [TCPServer, handlers.Echo, here, "TCPServer"],
    [MultiplexingTCPServer, handlers.Echo, here, "TCPServer"],
    [UDPServer, handlers.UpperDatagram, here, "UDPServer"],
    [MultiplexingUDPServer, handlers.UpperDatagram, here, "UDPServer"],
    [UnixStreamServer, handlers.Echo, "/tmp/nobody.sock", "UnixStreamServer"],
    [UnixDatagramServer, handlers.UpperDatagram, "/tmp/nobody.sock", "UnixDatagramServer"],
  ] as const;

  it.each(cases)("are refused by a %o", async (Server, handler, address, base) => {
    // As a program without types does it: the compiler refuses it (below).
    const Untyped = Server as unknown as new (address: Address, handler: unknown) => TCPServer;
    const server = new Untyped(address, handler);
    const name = (handler as { name: string }).name;
    await expect(server.open()).rejects.toThrow(
      `Cannot run ${name} in ${Server.name}: it blocks, and with it everything else in this thread. Use Threading${base} or ` +
        `Forking${base} (a class of your own: ThreadingMixIn(${base}), ForkingMixIn(${base})), where each request has a thread ` +
        "or a process to itself; or extend a handler that awaits.",
    );
    expect(server.fileno()).toBe(-1);
  });

  it("are refused by the type checker, too, and accepted where they belong", () => {
    class Own extends ThreadingMixIn(TCPServer) {}
    const handler: BlockingRequestHandlerClass = handlers.Echo;
    void handler;
    const make = (): unknown[] => [
      new Own(here, handlers.Echo),
      new ThreadingTCPServer(here, handlers.Echo),
      new ThreadingUDPServer(here, handlers.UpperDatagram),
      // @ts-expect-error: it blocks
      new TCPServer(here, handlers.Echo),
      // @ts-expect-error: it serves datagrams
      new ThreadingTCPServer(here, handlers.UpperDatagram),
      // @ts-expect-error: it serves connections
      new ThreadingUDPServer(here, handlers.Echo),
    ];
    expect(make()).toHaveLength(6);
  });

  it("need sockets that block", async () => {
    const server = new ThreadingTCPServer(here, handlers.Echo, { transport: nodeTransport });
    const opening = server.open();
    await expect(opening).rejects.toThrow(UnsupportedOperation);
    await expect(opening).rejects.toThrow(
      "The node transport has no sockets that block, as Echo needs them (ENOTSUP). Use the native transport " +
        "(capabilities() tells why it is not in use), or extend a handler that awaits.",
    );
    expect(server.fileno()).toBe(-1);
  });
});
