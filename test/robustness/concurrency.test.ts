import { StreamRequestHandler } from "ts-socketserver";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";
import { streamSubjects } from "../support/subjects.js";
import { Gate, serveWith } from "./support.js";

/** Holds each request until the gate is open, and counts how many are held. */
class Held extends StreamRequestHandler {
  static gate = new Gate();
  static running = 0;
  static most = 0;
  static begun: string[] = [];
  static #waiting: { count: number; gate: Gate } | null = null;

  static reset(): void {
    Object.assign(Held, { gate: new Gate(), running: 0, most: 0, begun: [] });
  }

  /** Waits until so many requests have begun. */
  static async untilBegun(count: number): Promise<void> {
    while (Held.begun.length < count) {
      Held.#waiting = { count, gate: new Gate() };
      await Held.#waiting.gate.opened;
    }
  }

  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    Held.begun.push(line.toString().trim());
    Held.running += 1;
    Held.most = Math.max(Held.most, Held.running);
    if (Held.#waiting !== null && Held.begun.length >= Held.#waiting.count) Held.#waiting.gate.open();
    await Held.gate.opened;
    Held.running -= 1;
    await this.wfile.write(line);
  }
}

/** Answers a client only when the one that came after it has been answered: all of them must run at once. */
class Inverted extends StreamRequestHandler {
  static gates: Gate[] = [];
  override async handle(): Promise<void> {
    const number = Number((await this.rfile.readline()).toString());
    await Inverted.gates[number + 1]?.opened;
    await this.wfile.write(`${number}\n`);
    // The client confirms that it has its answer; then it is the one before it.
    await this.rfile.readline();
    Inverted.gates[number]?.open();
  }
}

for (const subject of streamSubjects.filter(({ model }) => model === "multiplexing")) {
  describe(`${subject.name} on the ${subject.transport} transport`, () => {
    it("runs requests at the same time: replies come in inverted order", async () => {
      await using running = await serveWith(subject, Inverted);
      Inverted.gates = Array.from({ length: 20 }, () => new Gate());
      const order: number[] = [];
      await Promise.all(
        Inverted.gates.map(async (_gate, number) => {
          await using client = await running.connect();
          await client.write(`${number}\n`);
          order.push(Number(await client.readLine()));
          await client.write("got it\n");
          await client.ended();
        }),
      );
      expect(order).toEqual(Array.from({ length: 20 }, (_, index) => 19 - index));
    });

    it("never runs more than maxConnections, and serves those who waited afterwards", async () => {
      Held.reset();
      await using running = await serveWith(subject, Held, { maxConnections: 3 });
      const clients = await Promise.all(Array.from({ length: 12 }, () => running.connect()));
      for (const [index, client] of clients.entries()) await client.write(`${index}\n`);
      await Held.untilBegun(3);
      await settle(50);
      expect([Held.begun.length, running.server.activeRequests]).toEqual([3, 3]);
      Held.gate.open();
      const answers = await Promise.all(clients.map((client) => client.readAll()));
      expect(answers).toEqual(clients.map((_client, index) => `${index}\n`));
      expect(Held.most).toBeLessThanOrEqual(3);
      for (const client of clients) await client.close();
    });

    it("takes the next client as soon as one of maxConnections has left", async () => {
      Held.reset();
      await using running = await serveWith(subject, Held, { maxConnections: 2, shutdownTimeout: 0.05 });
      await using idle = await running.connect();
      await using leaving = await running.connect();
      await using waiting = await running.connect();
      await waiting.write("next\n");
      await settle(50);
      expect(Held.begun).toEqual([]);
      await leaving.close();
      // What has left counts as an empty line.
      Held.gate.open();
      expect(await waiting.readLine()).toBe("next\n");
      expect(idle.error).toBeNull();
    });

    it("holds a thousand clients at once and answers each of them", async () => {
      Held.reset();
      await using running = await serveWith(subject, Held, { requestQueueSize: 1024 });
      const clients = await Promise.all(
        Array.from({ length: 1000 }, async (_, index) => {
          const client = await running.connect();
          await client.write(`${index}\n`);
          return client;
        }),
      );
      await Held.untilBegun(1000);
      expect([Held.most, running.server.activeRequests]).toEqual([1000, 1000]);
      Held.gate.open();
      const answers = await Promise.all(clients.map((client) => client.readAll()));
      expect(answers).toEqual(clients.map((_client, index) => `${index}\n`));
      for (const client of clients) await client.close();
    });
  });
}

for (const subject of streamSubjects.filter(({ model }) => model === "plain")) {
  describe(`${subject.name} on the ${subject.transport} transport`, () => {
    it("serves one client at a time, in the order in which they came", async () => {
      Held.reset();
      await using running = await serveWith(subject, Held);
      const clients = [];
      for (const name of ["first", "second", "third", "fourth"]) {
        const client = await running.connect();
        await client.write(`${name}\n`);
        clients.push(client);
      }
      await Held.untilBegun(1);
      await settle(50);
      expect([Held.begun, running.server.activeRequests]).toEqual([["first"], 1]);
      Held.gate.open();
      const answers = await Promise.all(clients.map((client) => client.readAll()));
      expect(answers).toEqual(["first\n", "second\n", "third\n", "fourth\n"]);
      expect([Held.begun, Held.most]).toEqual([["first", "second", "third", "fourth"], 1]);
      for (const client of clients) await client.close();
    });

    it("has no option maxConnections", () => {
      const make = () => new subject.ServerClass(subject.makeAddress(), Held, { maxConnections: 3 });
      expect(make).toThrow(/has no option "maxConnections"/);
    });
  });
}
