import { MultiplexingTCPServer } from "ts-socketserver";
import { TelnetRequestHandler } from "ts-socketserver/servers";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Gate } from "../robustness/support.js";
import { settle } from "../support/settle.js";

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

  it("collects what is written as wbufsize says, and doubles the byte 255 in it", async () => {
    const gate = new Gate();
    const written = new Gate();
    class Collecting extends TelnetRequestHandler {
      override wbufsize = -1;
      override async handle(): Promise<void> {
        await this.wfile.write("one");
        written.open();
        await gate.opened;
        await this.wfile.write(Buffer.of(255));
      }
    }
    await using running = await serve(new MultiplexingTCPServer(["127.0.0.1", 0], Collecting));
    await using client = await running.connect();
    const received: Buffer[] = [];
    client.raw.on("data", (chunk: Buffer) => received.push(chunk));
    await written.opened;
    await settle();
    expect(received).toEqual([]);
    gate.open();
    await client.ended();
    expect(Buffer.concat(received)).toEqual(Buffer.from("one\xff\xff", "latin1"));
  });
});
