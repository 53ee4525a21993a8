/** PARITY.md, section 4: the edges of datagram servers. */

import {
  type Address,
  type DatagramRequest,
  DatagramRequestHandler,
  type DatagramServer,
  UDPServer,
} from "ts-socketserver";
import { type DatagramTestClient, type RunningServer, serve } from "ts-socketserver/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Obeying } from "../support/contract-handlers.mjs";
import { captureLog } from "../support/log-capture.js";
import { allDatagramSubjects, datagramSubjects } from "../support/subjects.js";

const here: Address = ["127.0.0.1", 0];
const ANSWER = "partial and whole";
/** For what comes to be so in a moment, on however slow a machine. */
const PATIENTLY = { timeout: 15_000, interval: 5 };

// That the Node transport refuses Unix datagrams is tested in test/cpython/servers.test.ts.
for (const subject of allDatagramSubjects.filter(({ refusal }) => refusal === undefined)) {
  const { name, transport, ServerClass } = subject;

  describe(`a ${name} on the ${transport} transport`, () => {
    // One server for all of them: its threads or processes are started once.
    const { logger, lines } = captureLog("debug");
    let running: RunningServer<DatagramServer>;
    let client: DatagramTestClient;

    beforeAll(async () => {
      running = await serve(new ServerClass(subject.makeAddress(), Obeying, { logger }));
      client = await running.datagrams();
    });

    beforeEach(() => {
      lines.length = 0;
    });

    afterAll(async () => {
      await client.close();
      await running.close();
    });

    /** The answers to two datagrams, of which the first is to have none. */
    async function expectOneAnswer(order: string): Promise<void> {
      await client.send(order);
      await client.send("all");
      // Datagrams on the loopback keep their order: an answer to the first would come first.
      expect(await client.receive()).toBe(ANSWER);
      // Or here, where the handlers ran at the same time and the first one took longer.
      await expect.poll(() => running.server.activeRequests, PATIENTLY).toBe(0);
      await client.send("all");
      expect(await client.receive()).toBe(ANSWER);
      expect(client.available).toBe(0);
    }

    it('"UDP handler writes nothing": nothing is sent', () => expectOneAnswer("nothing"));

    it('"UDP handler throws after a partial write": nothing is sent, and the error is handled', async () => {
      await expectOneAnswer("throw");
      const told = () => lines.filter(({ level }) => level >= 40);
      await expect.poll(told, PATIENTLY).toMatchObject([{ err: { message: "Test error" } }]);
    });

    it('"a datagram over maxPacketSize": is cut, flagged as truncated, and logged at debug', async () => {
      await client.send("measure".padEnd(8193));
      expect(await client.receive()).toBe("8192 true true");
      await client.send("measure".padEnd(8192));
      expect(await client.receive()).toBe("8192 false false");
      const told = lines.filter(({ msg }) => msg.startsWith("datagram received"));
      expect(told).toMatchObject([
        { level: 20, msg: "datagram received, cut", truncated: true, size: 8192 },
        { level: 20, msg: "datagram received", truncated: false, size: 8192 },
      ]);
    });
  });
}

describe('"a datagram over maxPacketSize"', () => {
  // It is cut before anything is done with it, wherever that is.
  for (const { name, transport, ServerClass, makeAddress } of datagramSubjects.filter(
    ({ refusal }) => refusal === undefined,
  )) {
    it(`the limit is the server's own: a ${name} on the ${transport} transport`, async () => {
      await using running = await serve(new ServerClass(makeAddress(), Obeying, { maxPacketSize: 7 }));
      await using client = await running.datagrams();
      await client.send("nothing more");
      await client.send("all");
      expect(await client.receive()).toBe(ANSWER);
      expect(client.available).toBe(0);
    });
  }
});

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
