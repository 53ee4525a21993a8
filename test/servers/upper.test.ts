import { LimitOverrunError, TCPServer, UDPServer } from "ts-socketserver";
import { UpperDatagramHandler, UpperStreamHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

/** Keeps what would be logged. */
class WatchedServer extends TCPServer {
  readonly errors: unknown[] = [];
  override handleError(error: unknown): void {
    this.errors.push(error);
  }
}

describe("UpperStreamHandler", () => {
  it("answers each line of several that arrive together, and a last one without an end", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], UpperStreamHandler));
    await using client = await running.connect();
    await client.write("one\ntwo\r\n\nthree");
    client.end();
    expect(await client.readAll()).toBe("ONE\nTWO\r\n\nTHREE");
  });

  it("waits for the end of a line that comes in pieces, even within a letter", async () => {
    await using running = await serve(new TCPServer(["127.0.0.1", 0], UpperStreamHandler));
    await using client = await running.connect();
    const bytes = Buffer.from("größe\n");
    await client.write(bytes.subarray(0, 3));
    await client.write(bytes.subarray(3));
    expect(await client.readLine()).toBe("GRÖSSE\n");
  });

  it("ends the connection at a line over the limit, and serves the next client", async () => {
    class ShortLines extends UpperStreamHandler {
      override maxLineLength = 8;
    }
    await using running = await serve(new WatchedServer(["127.0.0.1", 0], ShortLines));
    await using client = await running.connect();
    await client.write("short\nmuch too long\n");
    await client.ended();
    expect(running.server.errors).toEqual([expect.any(LimitOverrunError)]);
    await using next = await running.connect();
    await next.write("hello\n");
    expect(await next.readLine()).toBe("HELLO\n");
  });
});

describe("UpperDatagramHandler", () => {
  it("answers each datagram with one", async () => {
    await using running = await serve(new UDPServer(["127.0.0.1", 0], UpperDatagramHandler));
    await using client = await running.datagrams();
    await client.send("one\ntwo");
    expect(await client.receive()).toBe("ONE\nTWO");
    await client.send("größe");
    expect(await client.receive()).toBe("GRÖSSE");
  });
});
