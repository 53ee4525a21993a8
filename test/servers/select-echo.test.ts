import { readdirSync } from "node:fs";
import { pino } from "pino";
import { type Address, AF_INET, parseAddress, Socket } from "ts-socketserver";
import { SelectEcho, type SelectEchoOptions } from "ts-socketserver/servers";
import { createServer, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { FaultyTransport } from "../support/faulty-transport.js";
import { RunningCommand } from "../support/running-command.js";
import { settle } from "../support/settle.js";
import { transports } from "../support/transports.js";
import { within } from "../support/within.js";
import { peakMemory, unmeasured } from "./flood.js";

/** A server that runs, and ends when it is disposed of. */
class Running implements AsyncDisposable {
  readonly addresses: readonly Address[];
  readonly served: Promise<void>;

  constructor(
    readonly server: SelectEcho,
    listeners: readonly Socket[],
  ) {
    this.addresses = listeners.map((listener) => listener.getsockname());
    this.served = server.serveForever();
  }

  connect(index = 0): Promise<StreamTestClient> {
    return StreamTestClient.connect(this.addresses[index] ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.shutdown();
    await within(15, "the server", this.served);
  }
}

describe.each(transports)("SelectEcho over the $name transport", (transport) => {
  async function start(options: SelectEchoOptions = {}, count = 2): Promise<Running> {
    const listeners: Socket[] = [];
    for (let index = 0; index < count; index += 1) listeners.push(await createServer(["127.0.0.1", 0], { transport }));
    return new Running(new SelectEcho(listeners, { shutdownTimeout: 0.2, ...options }), listeners);
  }

  it("serves clients of several sockets at once, in the order in which they speak", async () => {
    await using running = await start({}, 3);
    const clients = await Promise.all([0, 1, 2, 0].map((index) => running.connect(index)));
    for (const client of [...clients].reverse()) {
      await client.write("hello");
      expect(await client.read(5)).toBe("hello");
    }
    expect(running.server.activeClients).toBe(4);
    for (const client of clients) await client.close();
  });

  it("sends back every byte, and the end after the last one", async () => {
    await using running = await start();
    await using client = await running.connect(1);
    const sent = "0123456789abcdef".repeat(32_768);
    const writing = client.write(sent);
    expect(await client.read(sent.length)).toBe(sent);
    await writing;
    await client.write("and the end");
    client.end();
    expect(await client.readAll()).toBe("and the end");
  });

  it("loses nothing where there is room for a part of a piece only", async () => {
    const listener = new Socket(AF_INET, SOCK_STREAM, 0, { transport });
    // The least that Linux gives; its connections have the same.
    if (transport.features.allSocketOptions) listener.setsockopt(SOL_SOCKET, SO_SNDBUF, 1);
    await listener.bind(["127.0.0.1", 0]);
    await listener.listen();
    await using running = new Running(new SelectEcho([listener], { shutdownTimeout: 0.2 }), [listener]);
    await using client = await running.connect();
    const sent = Array.from({ length: 200_000 }, (_, index) => `${index},`).join("");
    client.pause();
    const writing = client.write(sent);
    await settle(500);
    client.resume();
    expect((await client.read(sent.length)) === sent).toBe(true);
    await writing;
  });

  it("goes on when a client breaks off", async () => {
    await using running = await start();
    const client = await running.connect();
    await client.write("x");
    expect(await client.read(1)).toBe("x");
    client.reset();
    await using next = await running.connect();
    await next.write("hello");
    expect(await next.read(5)).toBe("hello");
    await settle();
    expect(running.server.activeClients).toBe(1);
  });

  it("holds one piece for a client that takes nothing, and goes on with the others", async () => {
    await using running = await start();
    await using deaf = await running.connect();
    deaf.pause();
    deaf.raw.write(Buffer.alloc(32 * 1024 * 1024));
    deaf.raw.on("error", () => {});
    await using client = await running.connect(1);
    for (const word of ["one", "two", "three"]) {
      await client.write(word);
      expect(await within(15, "an answer", client.read(word.length))).toBe(word);
      await settle(50);
    }
    // What it has not taken from the deaf one is still there, or it has thrown it out.
    expect(deaf.raw.writableLength > 0 || deaf.raw.destroyed).toBe(true);
  });

  it("takes no more clients than it may, and the next one when one has left", async () => {
    await using running = await start({ maxClients: 1 });
    await using first = await running.connect(0);
    await first.write("first");
    expect(await first.read(5)).toBe("first");
    await using second = await running.connect(1);
    await second.write("second");
    await first.write("again");
    expect(await first.read(5)).toBe("again");
    expect([second.available, running.server.activeClients]).toEqual([0, 1]);
    await first.close();
    expect(await second.read(6)).toBe("second");
  });

  it("ends at once when there is nobody to wait for", async () => {
    const running = await start({ shutdownTimeout: 60 });
    running.server.shutdown();
    running.server.shutdown();
    await within(15, "the server", running.served);
    await expect(running.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("lets clients finish, and takes no new ones meanwhile", async () => {
    const running = await start({ shutdownTimeout: 60 });
    await using client = await running.connect();
    await client.write("x");
    expect(await client.read(1)).toBe("x");
    running.server.shutdown();
    await client.write("still there");
    expect(await client.read(11)).toBe("still there");
    await expect(running.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    client.end();
    await within(15, "the server", running.served);
  });

  it("waits for them no longer than it may", async () => {
    const running = await start({ shutdownTimeout: 0.1 });
    await using client = await running.connect();
    await client.write("x");
    expect(await client.read(1)).toBe("x");
    running.server.shutdown();
    await within(15, "the server", running.served);
    await client.ended();
  });

  it("does not begin when it was ended before", async () => {
    const listener = await createServer(["127.0.0.1", 0], { transport });
    const server = new SelectEcho([listener]);
    server.shutdown();
    await within(15, "the server", server.serveForever());
    expect(listener.closed).toBe(true);
  });

  it("tells who comes and goes", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    {
      await using running = await start({ logger });
      await using client = await running.connect();
      await client.write("x");
      expect(await client.read(1)).toBe("x");
      client.end();
      await client.ended();
    }
    expect(lines.map(({ msg }) => msg)).toEqual(["connection accepted", "connection closed"]);
    expect(lines[0]?.clientAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.skipIf(process.platform !== "linux")("leaves no descriptor open (skipped where there is no /proc)", async () => {
    const count = (): number => readdirSync("/proc/self/fd").length;
    const round = async (): Promise<void> => {
      await using running = await start();
      await using client = await running.connect();
      await client.write("x");
      expect(await client.read(1)).toBe("x");
    };
    await round();
    await settle();
    const before = count();
    for (let index = 0; index < 10; index += 1) await round();
    await settle();
    expect(count()).toBeLessThanOrEqual(before + 1);
  });
});

describe("SelectEcho, where accepting fails", () => {
  it("rests while the process has run out of descriptors, and then goes on", async () => {
    const transport = new FaultyTransport();
    transport.acceptFaults.push("ECONNABORTED", "EMFILE", "EMFILE");
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const listener = await createServer(["127.0.0.1", 0], { transport });
    await using running = new Running(new SelectEcho([listener], { logger, shutdownTimeout: 0.2 }), [listener]);
    await using client = await running.connect();
    await client.write("hello");
    expect(await within(15, "an answer", client.read(5))).toBe("hello");
    expect(lines.map(({ msg }) => msg)).toEqual(["accepting rests", "accepting rests"]);
    const [, first = 0, second = 0, third = 0] = transport.acceptAttempts;
    for (const pause of [second - first, third - second]) expect(pause).toBeGreaterThanOrEqual(95);
  });

  it("ends with the error of a listener that is broken, and leaves nothing open", async () => {
    const transport = new FaultyTransport();
    transport.acceptFaults.push("EINVAL");
    const listener = await createServer(["127.0.0.1", 0], { transport });
    const served = new SelectEcho([listener]).serveForever();
    await using client = await StreamTestClient.connect(listener.getsockname());
    await expect(within(15, "the loop", served)).rejects.toMatchObject({ code: "EINVAL" });
    expect(listener.closed).toBe(true);
    await client.ended();
  });
});

describe("socketserver select-echo", () => {
  /** A command that serves several addresses, and those that it has told. */
  async function startCommand(...args: string[]) {
    const command = RunningCommand.start("select-echo", ...args);
    const count = Math.max(1, args.filter((arg) => arg === "--tcp").length);
    await command.output(new RegExp(`(?:"msg":"serving .*?){${count}}`, "s"));
    const addresses = command.log.map(({ serverAddress }) => parseAddress(String(serverAddress)));
    return { command, addresses };
  }

  let shared: Awaited<ReturnType<typeof startCommand>>;
  beforeAll(async () => {
    const addresses = ["127.0.0.1:0", "[::1]:0", "127.0.0.1:0"].flatMap((address) => ["--tcp", address]);
    shared = await startCommand(...addresses, "--shutdown-timeout", "60");
  });
  afterAll(async () => {
    await shared.command[Symbol.asyncDispose]();
  });

  it("tells where it serves, with the real ports, and a line to try each", () => {
    const { command, addresses } = shared;
    for (const [index, [host, port]] of addresses.entries()) {
      expect(port).toBeGreaterThan(0);
      expect(command.log[index]).toMatchObject({
        name: "select-echo",
        model: "select",
        tryIt: `echo hello | nc -N ${host} ${port}`,
      });
    }
  });

  it.skipIf(python.missing)(`serves CPython's socket at every address that it is given${python.reason}`, async () => {
    const output = await runPython(
      `
import socket, sys
sockets = [socket.create_connection((host, int(port))) for host, port in (a.rsplit(" ", 1) for a in sys.argv[1:])]
for s in reversed(sockets):
    s.sendall(b"hello")
for s in sockets:
    print(s.recv(100))
`,
      ...shared.addresses.map(([host, port]) => `${host} ${port}`),
    );
    expect(output).toBe("b'hello'\n".repeat(3));
  });

  it("opens all its addresses, or none", async () => {
    const taken = String(shared.command.log[0]?.serverAddress);
    await using command = RunningCommand.start("select-echo", "--tcp", "127.0.0.1:0", "--tcp", taken);
    expect(await command.exit).toEqual({ code: 1, signal: null });
    expect([command.stdout, command.stderr]).toEqual([
      "",
      `socketserver: Cannot bind tcp ${taken}: address already in use (EADDRINUSE). Choose another port, or let --tcp 127.0.0.1:0 take a free one.\n`,
    ]);
  });

  async function expectGoodbye({ command, addresses }: typeof shared, signal: NodeJS.Signals): Promise<void> {
    await using client = await StreamTestClient.connect(addresses[0] ?? "");
    await client.write("hello");
    expect(await client.read(5)).toBe("hello");
    command.signal(signal);
    await command.output(/"clients":1,"atMost":60,"msg":"stopping"/);
    await client.write("goodbye");
    expect(await client.read(7)).toBe("goodbye");
    client.end();
    expect(await command.exit).toEqual({ code: 0, signal: null });
    expect(command.stderr).toBe("");
  }

  it("lets clients finish on SIGTERM, and leaves with 0", async () => {
    const started = await startCommand("--tcp", "127.0.0.1:0", "--shutdown-timeout", "60");
    await using _command = started.command;
    await expectGoodbye(started, "SIGTERM");
  });

  // The last one that needs the command of all.
  it("lets clients finish on SIGINT, and leaves with 0", async () => {
    await expectGoodbye(shared, "SIGINT");
  });

  it.skipIf(unmeasured !== "")(`takes no memory: 100 MB whose echo nobody reads${unmeasured}`, async () => {
    const { command, addresses } = await startCommand("--tcp", "127.0.0.1:0");
    await using _command = command;
    const [address = ""] = addresses;
    const before = peakMemory(command.pid);
    const deaf = await Promise.all(Array.from({ length: 10 }, () => StreamTestClient.connect(address)));
    for (const client of deaf) {
      client.pause();
      client.raw.write(Buffer.alloc(10 * 1024 * 1024));
    }
    await using client = await StreamTestClient.connect(address);
    for (let round = 0; round < 100; round += 1) {
      await client.write("hello");
      expect(await client.read(5)).toBe("hello");
    }
    expect(peakMemory(command.pid) - before).toBeLessThan(60 * 1024 * 1024);
    for (const one of deaf) await one.close();
  });
});
