import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { pino } from "pino";
import {
  type Address,
  AF_UNIX,
  type DatagramRequest,
  DatagramRequestHandler,
  type DatagramServer,
  type ReplyDropEvent,
  Socket,
} from "ts-socketserver";
import { IPPROTO_UDP, SO_RCVBUF, SOCK_DGRAM, SOL_SOCKET } from "ts-socketserver/socket";
import { DatagramTestClient, type RunningServer, serve } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";
import { type DatagramSubject, datagramSubjects } from "../support/subjects.js";
import { hearErrors } from "./support.js";

const BURST = 200;

/** Keeps itself, and answers with what it got. */
class Kept extends DatagramRequestHandler {
  static instances: Kept[] = [];
  override async handle(): Promise<void> {
    Kept.instances.push(this);
    await this.wfile.write(`${this.packet.length}:${this.packet}`);
  }
}

type HandlerClass = DatagramServer["RequestHandlerClass"];

function make(subject: DatagramSubject, handler: HandlerClass): DatagramServer {
  return new subject.ServerClass(subject.makeAddress(), handler, { logger: pino({ level: "silent" }) });
}

async function serveDatagrams(subject: DatagramSubject, handler: HandlerClass): Promise<RunningServer<DatagramServer>> {
  const running = await serve(make(subject, handler));
  // Room for all of a burst; what the system has no room for it may throw away.
  running.server.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1_048_576);
  return running;
}

/** Hears of the answers that a server could not send, while something runs. */
async function dropsDuring(server: DatagramServer, run: () => Promise<void>): Promise<[Address, string][]> {
  const drops: [Address, string][] = [];
  const listener = (message: unknown): void => {
    const { server: from, clientAddress, error } = message as ReplyDropEvent;
    if (from === server) drops.push([clientAddress, (error as NodeJS.ErrnoException).code ?? ""]);
  };
  subscribe("socketserver:reply.drop", listener);
  try {
    await run();
    await settle();
  } finally {
    unsubscribe("socketserver:reply.drop", listener);
  }
  return drops;
}

// That the Node transport refuses Unix datagrams is tested in test/cpython/servers.test.ts.
for (const subject of datagramSubjects.filter(({ refusal }) => refusal === undefined)) {
  const { name, transport, model } = subject;

  describe(`A burst of datagrams for a ${name} on the ${transport} transport`, () => {
    it(`of 200 is answered, each by a handler of its own${model === "plain" ? ", in order" : ""}`, async () => {
      Kept.instances = [];
      await using running = await serveDatagrams(subject, Kept);
      await using client = await running.datagrams();
      const sent = Array.from({ length: BURST }, (_, number) => `datagram ${number}`);
      await Promise.all(sent.map((text) => client.send(text)));
      const answers: string[] = [];
      while (answers.length < BURST) answers.push(await client.receive());
      const expected = sent.map((text) => `${text.length}:${text}`);
      if (model === "plain") expect(answers).toEqual(expected);
      else expect([...answers].sort()).toEqual([...expected].sort());
      expect(new Set(Kept.instances).size).toBe(BURST);
      expect(Kept.instances.map(({ packet }) => String(packet)).sort()).toEqual([...sent].sort());
      while (running.server.activeRequests > 0) await settle(1);
    });

    it("that came before anybody served is answered as well, and so is what comes from several clients", async () => {
      Kept.instances = [];
      await using server = make(subject, Kept);
      await server.open();
      // Few for each: more would not find room where nobody receives (10 in a Unix socket's queue).
      const clients = await Promise.all([1, 2, 3, 4].map(() => DatagramTestClient.open(server.serverAddress)));
      for (const [index, client] of clients.entries()) for (const part of "ab") await client.send(`${index}${part}`);
      const served = server.serveForever();
      for (const [index, client] of clients.entries()) {
        const answers = [await client.receive(), await client.receive()];
        if (model === "multiplexing") answers.sort();
        expect(answers).toEqual([`2:${index}a`, `2:${index}b`]);
        await client.close();
      }
      await server.shutdown();
      await served;
    });

    it("has some that are empty: they are requests too", async () => {
      Kept.instances = [];
      await using running = await serveDatagrams(subject, Kept);
      await using client = await running.datagrams();
      for (const text of ["", "x", "", ""]) await client.send(text);
      const answers = [];
      for (let count = 0; count < 4; count += 1) answers.push(await client.receive());
      expect(answers.sort()).toEqual(["0:", "0:", "0:", "1:x"]);
    });

    it("may be answered late, and by more than one datagram each", async () => {
      class Late extends DatagramRequestHandler {
        override async handle(): Promise<void> {
          await settle(5);
          for (const part of ["one", "two"]) await this.socket.sendto(`${this.packet} ${part}`, this.clientAddress);
        }
      }
      await using running = await serveDatagrams(subject, Late);
      await using client = await running.datagrams();
      const count = 20;
      for (let number = 0; number < count; number += 1) await client.send(`${number}`);
      const answers: string[] = [];
      while (answers.length < 2 * count) answers.push(await client.receive());
      const numbers = Array.from({ length: count }, (_, number) => number);
      for (const number of numbers) {
        expect(answers.filter((text) => text.startsWith(`${number} `))).toEqual([`${number} one`, `${number} two`]);
      }
    });

    it("has no handler bring down the server that answers where nothing can be sent", async () => {
      const nowhere: Address = typeof subject.makeAddress() === "string" ? "/nowhere/at/all" : ["127.0.0.1", 0];
      class Astray extends DatagramRequestHandler {
        override async handle(): Promise<void> {
          if (String(this.packet) === "astray") await this.socket.sendto("x", nowhere);
          if (String(this.packet) === "too much") await this.wfile.write(Buffer.alloc(16 * 1024 * 1024));
          await this.wfile.write("found");
        }
      }
      await using running = await serveDatagrams(subject, Astray);
      using errors = hearErrors(running.server);
      await using client = await running.datagrams();
      await client.send("astray");
      expect(await errors.next()).toMatchObject({
        error: { code: typeof nowhere === "string" ? "ENOENT" : "EINVAL", syscall: "sendto" },
        clientAddress: client.address,
      });
      await client.send("too much");
      expect(await errors.next()).toMatchObject({ error: { code: "EMSGSIZE" }, clientAddress: client.address });
      await client.send("and now?");
      expect(await client.receive()).toBe("found");
    });
  });
}

for (const subject of datagramSubjects.filter(({ name, refusal }) => name.includes("Unix") && refusal === undefined)) {
  describe(`A client that a ${subject.name} on the ${subject.transport} transport cannot answer`, () => {
    it("because it is gone is an error of that request alone, and the others get their answers", async () => {
      await using server = make(subject, Kept);
      using errors = hearErrors(server);
      await server.open();
      const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => DatagramTestClient.open(server.serverAddress)));
      for (const client of clients) await client.send("hello");
      const gone = clients.filter((_client, index) => index % 2 === 1);
      for (const client of gone) await client.close();
      const served = server.serveForever();
      for (const client of clients.filter((one) => !gone.includes(one))) {
        expect(await client.receive()).toBe("5:hello");
        await client.close();
      }
      await server.shutdown();
      await served;
      expect(errors.heard.map(({ clientAddress }) => clientAddress)).toEqual(gone.map(({ address }) => address));
      for (const { error } of errors.heard) expect(error).toMatchObject({ code: "ENOENT", syscall: "sendto" });
    });

    it("because it has no name is an error of that request alone", async () => {
      await using running = await serveDatagrams(subject, Kept);
      using errors = hearErrors(running.server);
      await using nameless = new Socket(AF_UNIX, SOCK_DGRAM);
      await nameless.sendto("who am I?", String(running.address));
      expect(await errors.next()).toMatchObject({ error: { code: "EINVAL", syscall: "sendto" }, clientAddress: "" });
      await using client = await running.datagrams();
      await client.send("hello");
      expect(await client.receive()).toBe("5:hello");
    });

    it.skipIf(subject.model === "plain")(
      `because it does not read holds up nobody else${subject.model === "plain" ? " (skipped: a plain server waits for each answer)" : ""}`,
      async () => {
        await using running = await serveDatagrams(subject, Kept);
        await using silent = new Socket(AF_UNIX, SOCK_DGRAM);
        await silent.bind("");
        // More than its queue has room for answers (10, usually).
        for (let count = 0; count < 30; count += 1) await silent.sendto("hello", String(running.address));
        await using client = await running.datagrams();
        for (let count = 0; count < 20; count += 1) {
          await client.send("hello");
          expect(await client.receive()).toBe("5:hello");
        }
        expect(running.server.activeRequests).toBeGreaterThan(0);
        for (let count = 0; count < 30; count += 1) expect(String(await silent.recv(10))).toBe("5:hello");
      },
    );
  });
}

// Node tells each answer's failure to its handler.
for (const subject of datagramSubjects.filter(
  ({ name, transport }) => transport === "native" && !name.includes("Unix"),
)) {
  describe(`An answer of a ${subject.name} on the native transport that was taken and could not be sent`, () => {
    it("is told on the channel socketserver:reply.drop, and the others are sent", async () => {
      /** `UDP_SEGMENT`: a datagram is to be cut into so many bytes each. Cutting it into too many is refused. */
      const UDP_SEGMENT = 103;
      class Cutting extends DatagramRequestHandler {
        override async handle(): Promise<void> {
          this.socket.setsockopt(IPPROTO_UDP, UDP_SEGMENT, String(this.packet) === "cut" ? 1 : 0);
          await this.wfile.write("x".repeat(1000));
        }
      }
      await using running = await serveDatagrams(subject, Cutting);
      using errors = hearErrors(running.server);
      await using client = await running.datagrams();
      await using other = await running.datagrams();
      const drops = await dropsDuring(running.server, async () => {
        for (const text of ["cut", "whole", "cut"]) {
          await client.send(text);
          await settle();
        }
        expect(await client.receive()).toHaveLength(1000);
        await other.send("whole");
        expect(await other.receive()).toHaveLength(1000);
      });
      expect(drops).toEqual([client, client].map(({ address }) => [address, "EINVAL"]));
      expect(errors.heard).toEqual([]);
    });
  });
}

describe("A request of a datagram server", () => {
  for (const subject of datagramSubjects.filter(({ refusal }) => refusal === undefined)) {
    it(`is not changed by those that come after it, however late it is looked at: ${subject.name} on the ${subject.transport} transport`, async () => {
      const requests: DatagramRequest[] = [];
      class Keeping extends DatagramRequestHandler {
        override async handle(): Promise<void> {
          requests.push(this.request);
          await this.wfile.write("kept");
        }
      }
      await using running = await serveDatagrams(subject, Keeping);
      await using client = await running.datagrams();
      const sent = Array.from({ length: 50 }, (_, number) => String(number).repeat(100));
      for (const text of sent) {
        await client.send(text);
        await client.receive();
      }
      expect(requests.map(([data]) => String(data))).toEqual(sent);
    });
  }
});
