import { isInetAddress, MultiplexingTCPServer, TCPServer, UDPServer } from "ts-socketserver";
import { DaytimeDatagramHandler, DaytimeStreamHandler } from "ts-socketserver/servers";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { formatDaytime } from "../../dist/servers/daytime.js";
import { netcat, python, run, runPython } from "../clients/programs.js";
import { flood, MEGABYTE, startServer, unmeasured } from "./flood.js";

/** Whether an answer tells the time between two others, to the second. */
function expectNow(answer: string, before: number): void {
  expect(answer).toMatch(/^[ -~]+\r\n$/);
  const told = Date.parse(answer);
  expect(told).toBeGreaterThan(before - 1000);
  expect(told).toBeLessThanOrEqual(Date.now());
}

describe("formatDaytime", () => {
  it("is one line of ASCII, in UTC", () => {
    expect(formatDaytime(new Date(Date.UTC(1982, 1, 2, 7, 59, 1)))).toBe("Tue, 02 Feb 1982 07:59:01 GMT\r\n");
  });
});

describe("DaytimeStreamHandler", () => {
  it("sends the time without being asked, and ends", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], DaytimeStreamHandler));
    const before = Date.now();
    await using client = await running.connect();
    expectNow(await client.readAll(), before);
  });

  it("answers a client that talks, and throws away what it says without breaking the connection", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], DaytimeStreamHandler));
    const before = Date.now();
    await using client = await running.connect();
    await client.write(Buffer.alloc(4 * MEGABYTE, "what time is it?\n"));
    client.end();
    expectNow(await client.readAll(), before);
    expect(client.error).toBeNull();
  });

  it("waits a second at most for a client to end, and serves the next one then", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], DaytimeStreamHandler));
    const before = Date.now();
    await using idle = await running.connect();
    expectNow(await idle.readAll(), before);
    await using next = await running.connect();
    expectNow(await next.readAll(), before);
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it("is no failure when the client breaks off", async () => {
    const errors: unknown[] = [];
    class WatchedServer extends MultiplexingTCPServer {
      override handleError(error: unknown): void {
        errors.push(error);
      }
    }
    await using running = await serve(new WatchedServer(["127.0.0.1", 0], DaytimeStreamHandler));
    await using client = await running.connect();
    await client.readAll();
    client.reset();
    await running.close();
    expect(errors).toEqual([]);
  });

  it.skipIf(unmeasured !== "")(`outlives a client that sends 100 MB, in little memory${unmeasured}`, async () => {
    const server = await startServer("daytime");
    await using _command = server.command;
    const before = Date.now();
    expectNow(await flood(server, Buffer.alloc(MEGABYTE, "x")), before);
    await using next = await StreamTestClient.connect(server.address);
    expectNow(await next.readAll(), before);
  });

  it.skipIf(netcat.missing)(`tells nc the time${netcat.reason}`, async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], DaytimeStreamHandler));
    const before = Date.now();
    const [host, port] = running.address;
    expectNow(await run("nc", ["-N", String(host), String(port)]), before);
  });
});

describe("DaytimeDatagramHandler", () => {
  it("answers each datagram, an empty one too, with one", async () => {
    await using running = await serve(new UDPServer(["127.0.0.1", 0], DaytimeDatagramHandler));
    await using client = await running.datagrams();
    for (const datagram of ["", "what time is it?"]) {
      const before = Date.now();
      await client.send(datagram);
      expectNow(await client.receive(), before);
    }
    expect(client.available).toBe(0);
  });

  it.skipIf(python.missing)(`tells CPython's socket the time${python.reason}`, async () => {
    await using running = await serve(new UDPServer(["127.0.0.1", 0], DaytimeDatagramHandler));
    const before = Date.now();
    const answer = await runPython(
      `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.sendto(b"", (sys.argv[1], int(sys.argv[2])))
    sys.stdout.write(s.recv(1024).decode("ascii"))
`,
      ...(isInetAddress(running.address) ? [running.address[0], running.address[1]] : []),
    );
    expectNow(answer, before);
  });
});
