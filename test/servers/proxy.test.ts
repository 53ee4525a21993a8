import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, type Server as NodeServer, type Socket as NodeSocket } from "node:net";
import { promisify } from "node:util";
import { pino } from "pino";
import {
  type Address,
  type BaseServer,
  ConnectionRefusedError,
  ConnectionResetError,
  formatAddress,
  MultiplexingTCPServer,
  MultiplexingUnixStreamServer,
  parseAddress,
} from "ts-socketserver";
import {
  EchoStreamHandler,
  HttpMixIn,
  HttpStreamHandler,
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
import { bundledServer, serveBundled } from "./one-runner.js";
import { refusalOf } from "./refusal.js";

class TCPProxy extends ProxyMixIn(MultiplexingTCPServer) {}
class WebServer extends HttpMixIn(MultiplexingTCPServer) {}
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

/** How a connection breaks that the server resets: perhaps before connect() has told that there is one. */
async function breakOf(address: Address): Promise<unknown> {
  try {
    await using client = await StreamTestClient.connect(address);
    await client.ended();
    return client.error;
  } catch (error) {
    return error;
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
    expect(await breakOf(proxy.address)).toMatchObject({ code: "ECONNRESET" });
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
    await within(15, "the proxy", closing);
  });

  it("is cut off with both its connections when it takes too long", async () => {
    await using conversation = await Conversation.begin(transport, 0.1);
    const { client, peer, proxy } = conversation;
    const gone = new Promise((resolve) => peer.resume().once("close", resolve));
    await within(15, "the proxy", proxy.close());
    await client.ended();
    await within(15, "the target's connection", gone);
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

describe.each(["plain", "multiplexing", "threading", "forking"] as const)("A proxy run as %s", (model) => {
  const skipped = whyNot(model);
  let upper: RunningServer<MultiplexingTCPServer>;
  let running: RunningServer<BaseServer>;
  beforeAll(async () => {
    if (skipped !== "") return;
    upper = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], UpperStreamHandler));
    running = await serveBundled(bundledServer("proxy"), model, "tcp", { options: { logger } });
  });
  afterAll(async () => {
    if (skipped !== "") return;
    await running.close();
    await upper.close();
  });

  it.skipIf(skipped !== "" || netcat.missing)(
    `brings nc its answers, also those after it has ended${skipped || netcat.reason}`,
    async () => {
      Object.assign(running.server, { target: upper.address });
      const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join("");
      const [host, port] = running.address as [string, number];
      expect(await run("nc", ["-N", host, String(port)], lines)).toBe(lines.toUpperCase());
    },
  );

  it.skipIf(skipped !== "")(`tells which target cannot be reached, and goes on${skipped}`, async () => {
    const target = await Target.listen();
    const { address } = target;
    await target[Symbol.asyncDispose]();
    Object.assign(running.server, { target: address });
    using errors = hearErrors(running.server);
    for (let round = 0; round < 2; round += 1) {
      expect(await breakOf(running.address)).toMatchObject({ code: "ECONNRESET" });
      const where = formatAddress(address);
      expect((await errors.next()).error).toMatchObject({
        message: `The target ${where} has failed: Cannot connect to tcp ${where}: connection refused (ECONNREFUSED)`,
      });
    }
    Object.assign(running.server, { target: upper.address });
    await using client = await running.connect();
    await client.write("hello\n");
    expect(await client.readLine()).toBe("HELLO\n");
  });
});

describe("socketserver proxy", () => {
  it.each([
    [[], "Required option '--to <host:port>' not specified. --help shows what there is."],
    [["--to", "localhost"], '--to: Cannot read the address "localhost": write host:port, such as 127.0.0.1:9999.'],
    [["--to", "127.0.0.1:0"], '--to: Cannot pass anything on to "127.0.0.1:0": nobody listens at the port 0.'],
  ])("refuses %j", async (args, line) => {
    expect(await refusalOf("proxy", ...args)).toEqual({ exitCode: 1, text: `socketserver: ${line}\n` });
  });

  it.skipIf(curl.missing)(`stands between curl and the http server, and ends on Ctrl-C${curl.reason}`, async () => {
    await using web = await serve(new WebServer(["127.0.0.1", 0], HttpStreamHandler, { logger }));
    await using proxy = RunningCommand.start("proxy", "--tcp", "127.0.0.1:0", "--to", formatAddress(web.address));
    const { serverAddress } = await proxy.started();
    const page = `http://${serverAddress}/5062CEM.php?lecturer=Ada`;
    const { stdout } = await promisify(execFile)("curl", ["-s", "-m", "60", page]);
    expect(stdout).toContain("Hello Ada, and welcome to 5062CEM!");
    await web.close();
    expect(await breakOf(parseAddress(serverAddress))).toMatchObject({ code: "ECONNRESET" });
    await proxy.output(/"The target .* has failed: Cannot connect to tcp .*: connection refused/);
    proxy.signal("SIGINT");
    expect(await proxy.exit).toEqual({ code: 0, signal: null });
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
