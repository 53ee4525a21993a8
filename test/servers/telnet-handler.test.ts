import { MultiplexingTCPServer } from "ts-socketserver";
import { TelnetRequestHandler } from "ts-socketserver/servers";
import type { ByteSink, ByteSource, Socket } from "ts-socketserver/socket";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";

describe("TelnetRequestHandler", () => {
  it("reads no further than it is asked to with the rbufsize 0", async () => {
    class Unbuffered extends TelnetRequestHandler {
      override rbufsize = 0;
      override async handle(): Promise<void> {
        const line = await this.rfile.readline();
        const behind = await this.request.recv(100);
        await this.wfile.write(`${line.toString().trim()}, then ${behind}`);
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Unbuffered));
    await using client = await running.connect();
    await client.write("one\r\ntwo");
    client.end();
    expect(await client.readAll()).toBe("one, then two");
  });

  it.each([
    [-1, 1],
    [0, 3],
  ])("sends what was written as wbufsize %i says, and doubles the byte 255 in it", async (wbufsize, sends) => {
    const sent: Buffer[] = [];
    class Writing extends TelnetRequestHandler {
      override wbufsize = wbufsize;
      protected override streamOver(connection: Socket): ByteSource & ByteSink {
        const { sendall } = connection;
        connection.sendall = (data) => {
          sent.push(Buffer.from(data));
          return sendall.call(connection, data);
        };
        return super.streamOver(connection);
      }
      override async handle(): Promise<void> {
        await this.wfile.write("one ");
        await this.wfile.write(Buffer.of(255));
        await this.wfile.write(" two");
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Writing));
    await using client = await running.connect();
    const received: Buffer[] = [];
    client.raw.on("data", (chunk: Buffer) => received.push(chunk));
    await client.ended();
    expect(Buffer.concat(received)).toEqual(Buffer.from("one \xff\xff two", "latin1"));
    expect(sent).toHaveLength(sends);
  });
});
