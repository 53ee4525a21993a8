import { MultiplexingTCPServer, TCPServer, UDPServer } from "ts-socketserver";
import { EchoDatagramHandler, EchoStreamHandler } from "ts-socketserver/servers";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { hearCloses } from "../robustness/support.js";
import { settle } from "../support/settle.js";
import { MEGABYTE, peakMemory, startServer, unmeasured } from "./flood.js";
import { bundledServer, serveBundled } from "./one-runner.js";

describe("EchoStreamHandler", () => {
  it("sends bytes back as they come, without waiting for a line", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], EchoStreamHandler));
    await using client = await running.connect();
    for (const part of ["he", "l", "lo"]) {
      await client.write(part);
      expect(await client.read(part.length)).toBe(part);
    }
  });

  it("leaves every byte as it is", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], EchoStreamHandler));
    await using client = await running.connect();
    const received: Buffer[] = [];
    client.raw.on("data", (chunk) => received.push(chunk));
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.write(all);
    client.end();
    await client.ended();
    expect(Buffer.concat(received)).toEqual(all);
  });

  it("sends back more than fits in a socket's buffers", async () => {
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], EchoStreamHandler));
    await using client = await running.connect();
    const line = "0123456789abcdef".repeat(256);
    const writing = client.write(line.repeat(1024));
    expect(await client.read(line.length * 1024)).toBe(line.repeat(1024));
    await writing;
  });

  it("reads no further while a client does not read its answers", async () => {
    await using running = await serve(
      new MultiplexingTCPServer(["127.0.0.1", 0], EchoStreamHandler, { shutdownTimeout: 0 }),
    );
    using closes = hearCloses(running.server);
    await using client = await running.connect();
    client.pause();
    const writing = client.write(Buffer.alloc(64 * MEGABYTE));
    await settle(500);
    client.reset();
    await writing;
    expect((await closes.next()).counters.bytesRead).toBeLessThan(32 * MEGABYTE);
  });

  it("sends back what came of a client that half-closes in the middle of a line", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], EchoStreamHandler));
    await using client = await running.connect();
    await client.write("half a li");
    client.end();
    expect(await client.readAll()).toBe("half a li");
  });

  it.skipIf(unmeasured !== "")(`sends back 100 MB without a line's end in little memory${unmeasured}`, async () => {
    const { command, address } = await startServer("echo");
    await using _command = command;
    const before = peakMemory(command.pid);
    await using client = await StreamTestClient.connect(address);
    // Counted, not kept.
    let received = 0;
    client.raw.removeAllListeners("data").on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    for (let sent = 0; sent < 100; sent += 1) await client.write(Buffer.alloc(MEGABYTE, "x"));
    client.end();
    await client.ended();
    expect(received).toBe(100 * MEGABYTE);
    expect(peakMemory(command.pid) - before).toBeLessThan(60 * MEGABYTE);
  });
});

describe("The bundled echo server over UDP", () => {
  it.each([
    "multiplexing",
    "threading",
    "forking",
  ] as const)("sends back the longest datagram there is, whole (%s)", async (model) => {
    await using running = await serveBundled(bundledServer("echo"), model, "udp");
    await using client = await running.datagrams();
    const longest = "0123456789abcdef".repeat(4095).slice(0, 65_507);
    await client.send(longest);
    expect((await client.receive()) === longest).toBe(true);
  });
});

describe("EchoDatagramHandler", () => {
  it("keeps the bounds of datagrams, and sends back an empty one too", async () => {
    await using running = await serve(new UDPServer(["127.0.0.1", 0], EchoDatagramHandler));
    await using client = await running.datagrams();
    for (const datagram of ["one", "", "two\nthree"]) {
      await client.send(datagram);
      expect(await client.receive()).toBe(datagram);
    }
  });
});
