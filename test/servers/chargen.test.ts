import { isInetAddress, MultiplexingTCPServer, TCPServer, UDPServer } from "ts-socketserver";
import { ChargenDatagramHandler, ChargenStreamHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { hearCloses } from "../robustness/support.js";
import { settle } from "../support/settle.js";

const MEGABYTE = 1024 * 1024;
/** The printing characters of ASCII, in their order. */
const characters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** Line N as RFC 864 describes it: the characters from 0 + N to 71 + N, modulo 95. */
function line(number: number): string {
  return `${Array.from({ length: 72 }, (_, place) => characters[(place + number) % 95]).join("")}\r\n`;
}

describe("ChargenStreamHandler", () => {
  it("sends RFC 864's pattern, and goes on with it after its 95 lines", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], ChargenStreamHandler));
    await using client = await running.connect();
    for (let number = 0; number < 300; number += 1) expect(await client.readLine()).toBe(line(number));
  });

  it("ends when the client ends its sending, having sent a whole number of lines", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], ChargenStreamHandler));
    await using client = await running.connect();
    await client.write("what a client says is thrown away\n");
    client.end();
    const received = await client.readAll();
    expect(received.length).toBeGreaterThanOrEqual(74);
    expect(received.length % 74).toBe(0);
    expect(received.startsWith(line(0) + line(1))).toBe(true);
  });

  it("is no failure when the client breaks off, and serves the next one", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], ChargenStreamHandler));
    for (let time = 0; time < 3; time += 1) {
      await using client = await running.connect();
      expect(await client.readLine()).toBe(line(0));
      client.reset();
    }
  });

  it("sends no faster than the client reads, and serves others meanwhile", async () => {
    await using running = await serve(
      new MultiplexingTCPServer(["127.0.0.1", 0], ChargenStreamHandler, { shutdownTimeout: 0 }),
    );
    using closes = hearCloses(running.server);
    await using slow = await running.connect();
    slow.pause();
    await settle(500);
    await using quick = await running.connect();
    expect(await quick.read(MEGABYTE)).toHaveLength(MEGABYTE);
    quick.reset();
    await closes.next();
    slow.reset();
    // What the system's buffers hold, and no more.
    expect((await closes.next()).counters.bytesWritten).toBeLessThan(16 * MEGABYTE);
  });

  it("throws away what a client sends that reads nothing", async () => {
    await using running = await serve(
      new MultiplexingTCPServer(["127.0.0.1", 0], ChargenStreamHandler, { shutdownTimeout: 0 }),
    );
    await using client = await running.connect();
    client.pause();
    // It would wait for ever if the server read only between its lines.
    await client.write(Buffer.alloc(64 * MEGABYTE));
    expect(client.error).toBeNull();
  });
});

describe("ChargenDatagramHandler", () => {
  it("answers each datagram with one of 0 to 512 characters, of another length each time", async () => {
    await using running = await serve(new UDPServer(["127.0.0.1", 0], ChargenDatagramHandler));
    await using client = await running.datagrams();
    const pattern = Array.from({ length: 7 }, (_, number) => line(number)).join("");
    const lengths = new Set<number>();
    for (let time = 0; time < 200; time += 1) {
      await client.send(time % 2 === 0 ? "" : "ignored");
      const answer = await client.receive();
      expect(answer.length).toBeLessThanOrEqual(512);
      expect(pattern.startsWith(answer)).toBe(true);
      lengths.add(answer.length);
    }
    expect(lengths.size).toBeGreaterThan(50);
    expect(client.available).toBe(0);
  });
});

describe.skipIf(python.missing)(`CPython's socket and chargen${python.reason}`, () => {
  it("reads lines over TCP and leaves in the middle of it", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], ChargenStreamHandler));
    const output = await runPython(
      `
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s, s.makefile("r", newline="") as lines:
    for _ in range(3):
        sys.stdout.write(lines.readline())
`,
      ...(isInetAddress(running.address) ? [running.address[0], running.address[1]] : []),
    );
    expect(output).toBe(line(0) + line(1) + line(2));
  });
});
