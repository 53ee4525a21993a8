import { type DatagramServer, MultiplexingTCPServer, UDPServer } from "ts-socketserver";
import { DiscardDatagramHandler, DiscardStreamHandler } from "ts-socketserver/servers";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { netcat, run } from "../clients/programs.js";
import { hearCloses } from "../robustness/support.js";
import { settle } from "../support/settle.js";
import { flood, MEGABYTE, startServer, unmeasured } from "./flood.js";

describe("DiscardStreamHandler", () => {
  it("takes everything, answers nothing, and ends when the client does", async () => {
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], DiscardStreamHandler));
    using closes = hearCloses(running.server);
    await using client = await running.connect();
    await client.write(Buffer.alloc(MEGABYTE, "half a line"));
    client.end();
    expect(await client.readAll()).toBe("");
    expect((await closes.next()).counters).toMatchObject({ bytesRead: MEGABYTE, bytesWritten: 0 });
  });

  it.skipIf(unmeasured !== "")(`takes 100 MB in little memory, and serves the next client${unmeasured}`, async () => {
    const server = await startServer("discard");
    await using _command = server.command;
    expect(await flood(server, Buffer.alloc(MEGABYTE, "x"))).toBe("");
    await using next = await StreamTestClient.connect(server.address);
    next.end();
    expect(await next.readAll()).toBe("");
  });

  it.skipIf(netcat.missing)(`has nothing to say to nc either${netcat.reason}`, async () => {
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], DiscardStreamHandler));
    const [host, port] = running.address;
    expect(await run("nc", ["-N", String(host), String(port)], "hello\n")).toBe("");
  });
});

describe("DiscardDatagramHandler", () => {
  it("takes each datagram and answers none", async () => {
    class CountingServer extends UDPServer {
      received = 0;
      override getRequest(): ReturnType<DatagramServer["getRequest"]> {
        this.received += 1;
        return super.getRequest();
      }
    }
    await using running = await serve(new CountingServer(["127.0.0.1", 0], DiscardDatagramHandler));
    await using client = await running.datagrams();
    for (const datagram of ["hello", "", "x".repeat(10_000)]) await client.send(datagram);
    while (running.server.received < 3) await settle(1);
    await settle();
    expect(client.available).toBe(0);
  });
});
