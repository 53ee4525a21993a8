/**
 * CPython's `SocketWriterTest` (Lib/test/test_socketserver.py).
 *
 * Left out: `wfile.fileno()`, which files have not here (`request.fileno()` has the number), and the Unix signals during the
 * big write, which never reach a system call of Node's.
 */

import { once } from "node:events";
import { connect } from "node:net";
import { type Address, isInetAddress, StreamRequestHandler, StreamWriter, TCPServer } from "ts-socketserver";
import { StreamTestClient, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

/** CPython's `support.SOCK_MAX_SIZE`: more than any send buffer takes at once. */
const SOCK_MAX_SIZE = 16 * 1024 * 1024 + 1;
const here: Address = ["127.0.0.1", 0];

describe("the stream writer", () => {
  it("test_basics: wfile is a StreamWriter that is writable until the request is done", async () => {
    class MyServer extends TCPServer {
      wfile: StreamWriter | null = null;
      wasWritable = false;
      requestFileno = -1;
    }
    class Handler extends StreamRequestHandler<MyServer> {
      override handle(): void {
        this.server.wfile = this.wfile;
        this.server.wasWritable = this.wfile.writable();
        this.server.requestFileno = this.request.fileno();
      }
    }
    await using server = new MyServer(here, Handler);
    await server.open();
    await using client = await StreamTestClient.connect(server.serverAddress);
    await server.handleRequest();
    await client.ended();
    expect(server.wfile).toBeInstanceOf(StreamWriter);
    expect(server.wasWritable).toBe(true);
    expect(server.wfile?.writable()).toBe(false);
    // Node on Windows has no descriptors to tell.
    if (process.platform !== "win32") expect(server.requestFileno).toBeGreaterThan(2);
  });

  it("test_write: write() returns the byte count and needs no flush(), and 16 MiB arrive whole", async () => {
    class MyServer extends TCPServer {
      sent1 = 0;
      received = "";
      sent2 = 0;
    }
    class Handler extends StreamRequestHandler<MyServer> {
      override async handle(): Promise<void> {
        this.server.sent1 = await this.wfile.write("write data\n");
        // Should be there without flush(): the client answers only when it has it.
        this.server.received = (await this.rfile.readline()).toString();
        this.server.sent2 = await this.wfile.write(Buffer.alloc(SOCK_MAX_SIZE));
      }
    }
    await using running = await serve(new MyServer(here, Handler));
    const address = running.address;
    if (!isInetAddress(address)) throw new TypeError("A TCP server's address is a host and a port.");
    // Not the test client, which keeps what arrives: here it is only counted.
    const client = connect(address[1], address[0]);
    const [response1] = await once(client, "data");
    expect(response1.toString()).toBe("write data\n");
    client.write("client response\n");
    let received2 = 0;
    client.on("data", (chunk: Buffer) => {
      received2 += chunk.length;
    });
    await once(client, "close");
    await running.close();
    const { sent1, received, sent2 } = running.server;
    expect({ sent1, received, sent2, received2 }).toEqual({
      sent1: response1.length,
      received: "client response\n",
      sent2: SOCK_MAX_SIZE,
      received2: SOCK_MAX_SIZE,
    });
  });
});
