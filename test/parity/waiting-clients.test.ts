/** PARITY.md, section 4, "connections made after shutdown()": clients that the server has not accepted yet. */

import { readdirSync } from "node:fs";
import { pino } from "pino";
import type { ServerOptions, StreamServer } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Gate } from "../robustness/support.js";
import { Held } from "../support/contract-handlers.mjs";
import { settle } from "../support/settle.js";
import { allStreamSubjects, type StreamSubject } from "../support/subjects.js";

const MANY = 20;

/** What a server lets its handlers wait at. */
interface Holding {
  gate: Gate;
  /** How many have come to it. */
  begun: number;
}

/** A server whose handlers answer once its gate is open, one at a time. */
function makeHolding(subject: StreamSubject): StreamServer & Holding {
  class HoldingServer extends subject.ServerClass implements Holding {
    gate = new Gate();
    begun = 0;
    hold(): Promise<void> {
      this.begun += 1;
      return this.gate.opened;
    }
  }
  return new HoldingServer(subject.makeAddress(), Held, {
    logger: pino({ level: "silent" }),
    ...oneAtATime(subject),
  });
}

/** One request at a time, whatever the model. */
function oneAtATime({ model }: StreamSubject): ServerOptions {
  return model === "plain" ? {} : { maxConnections: 1 };
}

/** Clients that have connected one after the other, and have sent their numbers. */
async function connectMany(server: StreamServer): Promise<StreamTestClient[]> {
  const clients: StreamTestClient[] = [];
  for (let number = 0; number < MANY; number += 1) {
    const client = await StreamTestClient.connect(server.serverAddress);
    await client.write(`${number}\n`);
    clients.push(client);
  }
  return clients;
}

/** Serves them all, and then no more. Each gets its answer before the next one. */
async function expectServedInOrder(server: StreamServer, clients: StreamTestClient[]): Promise<void> {
  const served = server.serveForever();
  const order: string[] = [];
  await Promise.all(clients.map(async (client) => order.push(await client.readAll())));
  expect(order).toEqual(clients.map((_client, number) => `${number}\n`));
  for (const client of clients) await client.close();
  await server.shutdown();
  await served;
}

/** Starts to serve, and has a first client whose handler waits at a new gate. */
async function holdFirst(server: StreamServer & Holding) {
  server.gate = new Gate();
  server.begun = 0;
  const served = server.serveForever();
  const first = await StreamTestClient.connect(server.serverAddress);
  await first.write("first\n");
  while (server.begun === 0) await settle(1);
  return { served, first };
}

for (const subject of allStreamSubjects.filter(({ refusal }) => refusal === undefined)) {
  const { name, transport } = subject;

  describe(`"connections made after shutdown()": clients of a ${name} on the ${transport} transport`, () => {
    // One for all of them: its threads or processes are started once.
    const server = makeHolding(subject);

    beforeAll(() => server.open());
    afterAll(() => server.serverClose());

    it("are served in their order when they came before anybody served, and when they came between", async () => {
      server.gate.open();
      server.begun = 0;
      for (let round = 1; round <= 2; round += 1) {
        const clients = await connectMany(server);
        await settle();
        expect(server.begun).toBe((round - 1) * MANY);
        await expectServedInOrder(server, clients);
        expect(server.begun).toBe(round * MANY);
      }
    });

    it("are served by the next serveForever() when they waited while shutdown() was called", async () => {
      const { first, served } = await holdFirst(server);
      const waiting = await connectMany(server);
      const left = server.shutdown();
      server.gate.open();
      await left;
      await served;
      expect(await first.readAll()).toBe("first\n");
      await first.close();
      await settle();
      expect(server.begun).toBe(1);
      await expectServedInOrder(server, waiting);
    });

    // The Node transport cannot leave them there: libuv accepts them as they come.
    if (transport !== "native") return;
    const countDescriptors = (): number => readdirSync("/proc/self/fd").length;

    it("wait in the kernel while another one is served: the server has no descriptor for them", async () => {
      const { first, served } = await holdFirst(server);
      const before = countDescriptors();
      const waiting = await connectMany(server);
      await settle(50);
      // One for each client's own end, and not two. (The test runner may have opened a few.)
      expect(countDescriptors() - before).toBeLessThan(1.5 * MANY);
      server.gate.open();
      expect(await first.readAll()).toBe("first\n");
      for (const [number, client] of [first, ...waiting].entries()) {
        if (client !== first) expect(await client.readAll()).toBe(`${number - 1}\n`);
        await client.close();
      }
      await server.shutdown();
      await served;
    });

    it("are turned away by the kernel, not by the server, when it is closed without having served them", async () => {
      server.begun = 0;
      const [client, ...others] = await connectMany(server);
      await server.serverClose();
      for (const one of [client, ...others]) {
        await one?.ended();
        await one?.close();
      }
      expect(client?.error).toMatchObject({ code: "ECONNRESET" });
      expect(server.begun).toBe(0);
    });
  });
}
