/** PARITY.md, section 4: the edges of datagram servers. */

import { type Address, type DatagramRequest, DatagramRequestHandler, UDPServer } from "ts-socketserver";
import { serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { Measuring, Obeying } from "../support/contract-handlers.mjs";
import { captureLog } from "../support/log-capture.js";
import { allDatagramSubjects } from "../support/subjects.js";

const here: Address = ["127.0.0.1", 0];

// That the Node transport refuses Unix datagrams is tested in test/cpython/servers.test.ts.
for (const subject of allDatagramSubjects.filter(({ refusal }) => refusal === undefined)) {
  const { name, transport, ServerClass } = subject;

  describe(`a ${name} on the ${transport} transport`, () => {
    it('"UDP handler writes nothing": nothing is sent', async () => {
      await using running = await serve(new ServerClass(subject.makeAddress(), Obeying));
      await using client = await running.datagrams();
      await client.send("nothing");
      await client.send("all");
      // Datagrams on the loopback keep their order: an answer to the first would come first.
      expect(await client.receive()).toBe("partial and whole");
      await running.close();
      expect(client.available).toBe(0);
    });

    it('"UDP handler throws after a partial write": nothing is sent, and the error is handled', async () => {
      const { logger, lines } = captureLog("warn");
      await using running = await serve(new ServerClass(subject.makeAddress(), Obeying, { logger }));
      await using client = await running.datagrams();
      await client.send("throw");
      await client.send("all");
      expect(await client.receive()).toBe("partial and whole");
      await running.close();
      expect(client.available).toBe(0);
      expect(lines).toMatchObject([{ err: { message: "Test error" } }]);
    });

    it('"a datagram over maxPacketSize": is cut, flagged as truncated, and logged at debug', async () => {
      const { logger, lines } = captureLog("debug");
      await using running = await serve(new ServerClass(subject.makeAddress(), Measuring, { logger }));
      await using client = await running.datagrams();
      await client.send(Buffer.alloc(8193));
      expect(await client.receive()).toBe("8192 true true");
      await client.send(Buffer.alloc(8192));
      expect(await client.receive()).toBe("8192 false false");
      const told = lines.filter(({ msg }) => msg.startsWith("datagram received"));
      expect(told).toMatchObject([
        { level: 20, msg: "datagram received, cut", truncated: true, size: 8192 },
        { level: 20, msg: "datagram received", truncated: false, size: 8192 },
      ]);
    });

    it('"a datagram over maxPacketSize": the limit is the server\'s own', async () => {
      await using running = await serve(new ServerClass(subject.makeAddress(), Obeying, { maxPacketSize: 7 }));
      await using client = await running.datagrams();
      await client.send("nothing more");
      await client.send("all");
      expect(await client.receive()).toBe("partial and whole");
      expect(client.available).toBe(0);
    });
  });
}

describe("a UDPServer's request", () => {
  it("is the data, the server's socket and the flag; an empty datagram is one too", async () => {
    const requests: DatagramRequest[] = [];
    class Keeping extends UDPServer {
      override async verifyRequest(request: DatagramRequest): Promise<boolean> {
        requests.push(request);
        await this.socket.sendto("got it", client.address);
        return true;
      }
    }
    const server = new Keeping(here, DatagramRequestHandler);
    await using running = await serve(server);
    await using client = await running.datagrams();
    await client.send("");
    expect(await client.receive()).toBe("got it");
    expect(requests).toEqual([[Buffer.alloc(0), server.socket, false]]);
  });
});
