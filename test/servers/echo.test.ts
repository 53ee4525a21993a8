import { MultiplexingTCPServer, TCPServer, UDPServer } from "ts-socketserver";
import { EchoDatagramHandler, EchoStreamHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

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
