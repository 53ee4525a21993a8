import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, type Server as NodeServer, type Socket as NodeSocket } from "node:net";
import { promisify } from "node:util";
import { pino } from "pino";
import {
  type Address,
  type BaseRequestHandler,
  ConnectionRefusedError,
  ConnectionResetError,
  formatAddress,
  MultiplexingTCPServer,
  MultiplexingUnixStreamServer,
  parseAddress,
} from "ts-socketserver";
import {
  EchoStreamHandler,
  ProxyMixIn,
  ProxyStreamHandler,
  TargetError,
  UpperStreamHandler,
} from "ts-socketserver/servers";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { curl, netcat, run } from "../clients/programs.js";
import { hearCloses, hearErrors } from "../robustness/support.js";
import { pattern } from "../socket/subjects.js";
import { RunningCommand } from "../support/running-command.js";
import { settle } from "../support/settle.js";
import { temporaryPath } from "../support/temporary-path.js";
import { transports } from "../support/transports.js";
import { within } from "../support/within.js";
import { flood, MEGABYTE, peakMemory, unmeasured } from "./flood.js";
import { whyNot } from "./models.js";

class TCPProxy extends ProxyMixIn(MultiplexingTCPServer) {}
class UnixProxy extends ProxyMixIn(MultiplexingUnixStreamServer) {}

/** A server of Node's to pass on to, which hands out its connections, half-open ones too. */
class Target implements AsyncDisposable {
  readonly #server: NodeServer;
  readonly #connections: NodeSocket[] = [];

  private constructor(server: NodeServer) {
    this.#server = server;
    server.on("connection", (connection) => {
      this.#connections.push(connection);
      connection.on("error", () => {});
    });
  }

  static async listen(): Promise<Target> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const target = new Target(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return target;
  }

  get address(): Address {
    return ["127.0.0.1", Object(this.#server.address()).port];
  }

  /** The next connection, paused. */
  async accept(): Promise<NodeSocket> {
    while (this.#connections.length === 0) await once(this.#server, "connection");
    return this.#connections.shift() as NodeSocket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
  }
}

/** A proxy between a client and a target, and the two ends of one conversation through it. */
class Conversation implements AsyncDisposable {
  constructor(
    readonly proxy: RunningServer<TCPProxy>,
    readonly client: StreamTestClient,
    readonly peer: NodeSocket,
    readonly target: Target,
  ) {}

  static async begin(transport: (typeof transports)[number], shutdownTimeout = 1): Promise<Conversation> {
    const target = await Target.listen();
    const server = new TCPProxy(["127.0.0.1", 0], ProxyStreamHandler, { transport, shutdownTimeout, logger });
    server.target = target.address;
    const proxy = await serve(server);
    const client = await proxy.connect();
    return new Conversation(proxy, client, await target.accept(), target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    this.peer.destroy();
    await this.proxy.close();
    await this.target[Symbol.asyncDispose]();
  }
}

const logger = pino({ level: "silent" });

/** All that comes, to the end. */
async function readAll(peer: NodeSocket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  peer.on("data", (data: Buffer) => pieces.push(data));
  peer.resume();
  await once(peer, "end");
  return Buffer.concat(pieces);
}

describe.each(transports)("ProxyStreamHandler over the $name transport", (transport) => {
  it("passes on what either side says, as it comes", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer } = conversation;
    peer.resume();
    for (const word of ["one", "two"]) {
      const [[heard]] = await Promise.all([once(peer, "data"), client.write(word)]);
      expect(String(heard)).toBe(word);
      peer.write(word.toUpperCase());
      expect(await client.read(3)).toBe(word.toUpperCase());
    }
  });

  it("tells the target when the client has ended its sending, and brings what comes after that", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer } = conversation;
    await client.write("a question");
    client.end();
    expect(String(await readAll(peer))).toBe("a question");
    peer.write("an answer ");
    expect(await client.read(10)).toBe("an answer ");
    peer.end("to its end");
    expect(await client.readAll()).toBe("to its end");
    expect(client.error).toBeNull();
  });

  it("tells the client when the target has ended its sending, and brings what comes after that", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer } = conversation;
    peer.end("I listen");
    expect(await client.readAll()).toBe("I listen");
    await client.write("still ");
    await settle();
    await client.write("speaking");
    client.end();
    expect(String(await readAll(peer))).toBe("still speaking");
  });

  it("ends both connections when both sides have ended", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer, proxy } = conversation;
    using closes = hearCloses(proxy.server);
    client.end();
    peer.end();
    peer.resume();
    await closes.next();
    await settle();
    expect(proxy.server.activeRequests).toBe(0);
  });

  it("carries 8 MB each way at once, through a Unix socket to a Unix socket", async () => {
    await using target = await serve(
      new MultiplexingUnixStreamServer(temporaryPath(), EchoStreamHandler, { transport }),
    );
    const server = new UnixProxy(temporaryPath(), ProxyStreamHandler, { transport });
    server.target = target.address;
    await using proxy = await serve(server);
    await using client = await proxy.connect();
    const sent = pattern(8 * 1024 * 1024);
    const received = createHash("sha256");
    let size = 0;
    client.raw.removeAllListeners("data").on("data", (data: Buffer) => {
      received.update(data);
      size += data.length;
    });
    await client.write(sent);
    client.end();
    await client.ended();
    expect([size, received.digest("hex")]).toEqual([sent.length, createHash("sha256").update(sent).digest("hex")]);
  });

  it("takes no more from the client than the target takes, and the other way round", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer } = conversation;
    client.pause();
    const much = Buffer.alloc(64 * 1024 * 1024);
    client.raw.write(much);
    peer.write(much);
    await settle(500);
    // What the buffers of the system hold on the way is far below this, and what the proxy holds is less.
    for (const stream of [client.raw, peer])
      expect(stream.bytesWritten - stream.writableLength).toBeLessThan(much.length / 2);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(2 * much.length + 64 * 1024 * 1024);
    client.raw.destroy();
  });

  it("breaks off the client when the target cannot be reached, and says why", async () => {
    const target = await Target.listen();
    const server = new TCPProxy(["127.0.0.1", 0], ProxyStreamHandler, { transport, logger });
    server.target = target.address;
    const where = formatAddress(target.address);
    await target[Symbol.asyncDispose]();
    await using proxy = await serve(server);
    using errors = hearErrors(server);
    await using client = await proxy.connect();
    await client.ended();
    expect(client.error).toMatchObject({ code: "ECONNRESET" });
    const { error } = await errors.next();
    expect(error).toBeInstanceOf(TargetError);
    expect(error).toMatchObject({
      message: `The target ${where} has failed: Cannot connect to tcp ${where}: connection refused (ECONNREFUSED)`,
      cause: expect.any(ConnectionRefusedError),
    });
  });

  it("breaks off the client when the target breaks off: half an answer must not look like a whole one", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer, proxy } = conversation;
    using errors = hearErrors(proxy.server);
    peer.write("half an ans");
    expect(await client.read(11)).toBe("half an ans");
    peer.resetAndDestroy();
    await client.ended();
    expect(client.error).toMatchObject({ code: "ECONNRESET" });
    const { error } = await errors.next();
    expect(error).toBeInstanceOf(TargetError);
    expect(error).toMatchObject({ cause: expect.any(ConnectionResetError) });
  });

  it("breaks off the target when the client breaks off", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, peer, proxy } = conversation;
    using errors = hearErrors(proxy.server);
    const [[heard]] = await Promise.all([once(peer.resume(), "data"), client.write("half a quest")]);
    expect(String(heard)).toBe("half a quest");
    const failed = new Promise((resolve) => peer.once("error", resolve));
    client.reset();
    expect(await failed).toMatchObject({ code: "ECONNRESET" });
    expect((await errors.next()).error).toBeInstanceOf(ConnectionResetError);
  });

  it("goes on with others when one has failed", async () => {
    await using conversation = await Conversation.begin(transport);
    const { client, proxy, target } = conversation;
    client.reset();
    await using next = await proxy.connect();
    const peer = await target.accept();
    peer.end("hello");
    expect(await next.readAll()).toBe("hello");
    peer.destroy();
  });

  it("lets a conversation come to its end when the server closes", async () => {
    await using conversation = await Conversation.begin(transport, 30);
    const { client, peer, proxy } = conversation;
    await client.write("x");
    const closing = proxy.close();
    peer.end("the end");
    expect(await client.readAll()).toBe("the end");
    client.end();
    peer.resume();
    await within(5, "the proxy", closing);
  });

  it("is cut off with both its connections when it takes too long", async () => {
    await using conversation = await Conversation.begin(transport, 0.1);
    const { client, peer, proxy } = conversation;
    const gone = new Promise((resolve) => peer.resume().once("close", resolve));
    await within(5, "the proxy", proxy.close());
    await client.ended();
    await within(5, "the target's connection", gone);
  });

  it.skipIf(process.platform !== "linux")("leaves no descriptor open (skipped where there is no /proc)", async () => {
    await using target = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], EchoStreamHandler, { logger }));
    const server = new TCPProxy(["127.0.0.1", 0], ProxyStreamHandler, { transport, logger });
    server.target = target.address;
    await using proxy = await serve(server);
    const talk = async (round: number): Promise<void> => {
      using closes = hearCloses(server);
      using ends = hearCloses(target.server);
      const client = await proxy.connect();
      await client.write("x");
      expect(await client.read(1)).toBe("x");
      if (round % 2 === 0) client.reset();
      else client.end();
      await closes.next();
      await ends.next();
      await client.close();
    };
    const count = (): number => readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 2; round += 1) await talk(round);
    await settle();
    const before = count();
    for (let round = 0; round < 20; round += 1) await talk(round);
    await settle();
    expect(count()).toBeLessThanOrEqual(before + 1);
  });
});

const FEW: Readonly<Record<string, string[]>> = { threading: ["--threads", "1"], forking: ["--children", "1"] };

for (const model of ["plain", "multiplexing", "threading", "forking"] as const) {
  const skipped = whyNot(model);
  describe.skipIf(skipped !== "")(`socketserver proxy --model ${model}${skipped}`, () => {
    let upper: RunningServer<MultiplexingTCPServer>;
    let command: RunningCommand;
    let address: Address;
    const start = async (to: string): Promise<[RunningCommand, Address]> => {
      const args = ["--tcp", "127.0.0.1:0", "--to", to, "--model", model, ...(FEW[model] ?? [])];
      const started = RunningCommand.start("proxy", ...args);
      return [started, parseAddress((await started.started()).serverAddress)];
    };
    beforeAll(async () => {
      const Handler: new (...args: never[]) => BaseRequestHandler = UpperStreamHandler;
      upper = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Handler));
      [command, address] = await start(`127.0.0.1:${(upper.address as [string, number])[1]}`);
    });
    afterAll(async () => {
      await command[Symbol.asyncDispose]();
      await upper.close();
    });

    it.skipIf(netcat.missing)(`brings nc its answers, also those after it has ended${netcat.reason}`, async () => {
      const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join("");
      const [host, port] = address as [string, number];
      expect(await run("nc", ["-N", host, String(port)], lines)).toBe(lines.toUpperCase());
    });

    it.skipIf(curl.missing)(`stands between curl and the http server${curl.reason}`, async () => {
      await using web = RunningCommand.start("http", "--tcp", "127.0.0.1:0");
      const [proxy, [, port]] = (await start((await web.started()).serverAddress)) as [
        RunningCommand,
        [string, number],
      ];
      await using _proxy = proxy;
      const { stdout } = await promisify(execFile)("curl", [
        "-s",
        "-m",
        "10",
        `http://127.0.0.1:${port}/5062CEM.php?lecturer=Ada`,
      ]);
      expect(stdout).toContain("Hello Ada, and welcome to 5062CEM!");
    });

    it("tells which target cannot be reached, and goes on", async () => {
      const target = await Target.listen();
      const [, free] = target.address as [string, number];
      await target[Symbol.asyncDispose]();
      const [proxy, where] = await start(`127.0.0.1:${free}`);
      await using _proxy = proxy;
      for (let round = 0; round < 2; round += 1) {
        await using client = await StreamTestClient.connect(where);
        await client.ended();
        expect(client.error).toMatchObject({ code: "ECONNRESET" });
      }
      await proxy.output(
        new RegExp(`"The target 127.0.0.1:${free} has failed: Cannot connect to tcp .*: connection refused`),
      );
      proxy.signal("SIGINT");
      expect(await proxy.exit).toEqual({ code: 0, signal: null });
    });
  });
}

describe("socketserver proxy", () => {
  it.each([
    [[], "Required option '--to <host:port>' not specified. --help shows what there is."],
    [["--to", "localhost"], '--to: Cannot read the address "localhost": write host:port, such as 127.0.0.1:9999.'],
    [["--to", "127.0.0.1:0"], '--to: Cannot pass anything on to "127.0.0.1:0": nobody listens at the port 0.'],
  ])("refuses %j", async (args, line) => {
    await using command = RunningCommand.start("proxy", ...args);
    expect(await command.exit).toEqual({ code: 1, signal: null });
    expect(command.stderr).toBe(`socketserver: ${line}\n`);
  });

  it.skipIf(unmeasured !== "")(
    `takes no memory: 100 MB without a line end, and a target that takes nothing${unmeasured}`,
    async () => {
      await using target = await Target.listen();
      const command = RunningCommand.start("proxy", "--tcp", "127.0.0.1:0", "--to", formatAddress(target.address));
      await using _command = command;
      const address = parseAddress((await command.started()).serverAddress);
      const before = peakMemory(command.pid);
      await using deaf = await StreamTestClient.connect(address);
      deaf.raw.write(Buffer.alloc(100 * MEGABYTE));
      const takesNothing = await target.accept();
      const flooding = flood({ command, address }, Buffer.alloc(MEGABYTE, "x"));
      const takesAll = await target.accept();
      takesAll.resume().once("end", () => takesAll.end("enough"));
      expect(await flooding).toBe("enough");
      expect(peakMemory(command.pid) - before).toBeLessThan(60 * MEGABYTE);
      expect(deaf.raw.writableLength).toBeGreaterThan(0);
      takesNothing.destroy();
    },
  );

  it("passes on to the path of a Unix socket", async () => {
    await using target = await serve(new MultiplexingUnixStreamServer(temporaryPath(), UpperStreamHandler));
    await using command = RunningCommand.start("proxy", "--tcp", "127.0.0.1:0", "--to", String(target.address));
    await using client = await StreamTestClient.connect(parseAddress((await command.started()).serverAddress));
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
  });
});
