import type { Socket } from "ts-socketserver";
import { MSG_DONTWAIT } from "ts-socketserver/socket";
import { describe, expect, it, vi } from "vitest";
import { settle, turnsDuring } from "../support/settle.js";
import { bulkStreams, datagrams, receiveBytes } from "./subjects.js";

async function times(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index += 1) await call();
}

/** Turns of the event loop that calls must allow, and within how many calls: far more than a turn of a few milliseconds holds. */
const FAIR = 5;
const MANY = 200_000;

/** Makes calls, one after the other, until the event loop has turned. @returns how many calls, and how many turns. */
async function callUntilFair(call: () => Promise<unknown>): Promise<{ calls: number; turns: number }> {
  let turns = 0;
  let next = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  let calls = 0;
  for (; turns < FAIR && calls < MANY; calls += 1) await call();
  clearImmediate(next);
  return { calls, turns };
}

/** What a handler may do between two calls: without it, few calls are done before a turn is due. */
function compute(): void {
  const end = performance.now() + 0.1;
  while (performance.now() < end);
}

for (const subject of bulkStreams) {
  describe.skipIf(subject.missing !== null)(`Fairness over ${subject.title}`, () => {
    it("lets the event loop turn while a handler floods a peer that reads as fast", async () => {
      await using accepted = await subject.accepted();
      const message = Buffer.alloc(64, "x");
      const { calls, turns } = await callUntilFair(() => accepted.socket.sendall(message));
      expect(turns).toBeGreaterThanOrEqual(FAIR);
      expect((await accepted.peer.read(calls * 64)).length).toBe(calls * 64);
    });

    it("lets the event loop turn while a handler takes what has arrived byte by byte, and loses none of it", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const text = "0123456789".repeat(100);
      await peer.write(text);
      await settle();
      let received = "";
      const turns = await turnsDuring(async () => {
        for (; received.length < text.length / 2; compute()) received += String(await socket.recv(1));
        for (; received.length < text.length; compute()) received += String((await socket.recvfrom(1))[0]);
      });
      expect(turns).toBeGreaterThanOrEqual(FAIR);
      expect(received).toBe(text);
    });

    it("lets the event loop turn while one that never waits asks again and again, so that it is answered", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("at last");
      let received: Buffer | null = null;
      for (let tries = 0; received === null && tries < 100_000; tries += 1) {
        received = await socket.recv(100, MSG_DONTWAIT).catch(() => null);
      }
      expect(String(received)).toBe("at last");
    });

    it("lets the event loop turn while waiting clients are accepted", async () => {
      await using listener = await subject.listener();
      const clients = Array.from({ length: 300 }, () => subject.socket());
      await Promise.all(clients.map((client) => client.connect(listener.getsockname())));
      await settle();
      const servers: Socket[] = [];
      const turns = await turnsDuring(() =>
        times(300, async () => {
          servers.push((await listener.accept())[0]);
          compute();
        }),
      );
      expect(turns).toBeGreaterThanOrEqual(FAIR);
      await Promise.all([...clients, ...servers].map((end) => end.close()));
    });

    it("never refuses a send without waiting because there were many before", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      socket.settimeout(0);
      await times(200, () => socket.sendall("x"));
      expect((await peer.read(200)).length).toBe(200);
    });

    it("ends overlapping sends in the order in which they were made", async () => {
      await using pair = await subject.pair();
      const order: number[] = [];
      const sends = Array.from({ length: 200 }, (_, index) =>
        pair.client.sendall(Buffer.of(index)).then(() => order.push(index)),
      );
      await Promise.all(sends);
      expect(order).toEqual(order.map((_, index) => index));
      expect(await receiveBytes(pair.server, 200)).toEqual(
        Buffer.from(Array.from({ length: 200 }, (_, index) => index)),
      );
    });

    it("costs hardly anything where each call waits for the other side", async () => {
      await using pair = await subject.pair();
      using immediates = vi.spyOn(globalThis, "setImmediate");
      for (let round = 0; round < 300; round += 1) {
        for (const [from, to] of [[pair.client, pair.server] as const, [pair.server, pair.client] as const]) {
          const receiving = to.recv(10);
          await from.sendall("ping");
          await receiving;
        }
      }
      // The native transport knows when a turn begins; Node does not say so.
      const most = subject.isNative ? 0 : 1200 / 16;
      expect(immediates.mock.calls.length).toBeLessThanOrEqual(most);
    });
  });
}

for (const subject of datagrams) {
  describe.skipIf(subject.missing !== null)(`Fairness over ${subject.title}`, () => {
    it("lets the event loop turn while datagrams are sent and received, and loses none of them", async () => {
      await using sender = subject.socket();
      await using receiver = subject.socket();
      await receiver.bind(subject.address());
      const address = receiver.getsockname();
      const sending = await callUntilFair(() => sender.sendto("", address));
      expect(sending.turns).toBeGreaterThanOrEqual(FAIR);
      await settle();
      while (receiver.readable) await receiver.recvfrom(10);
      for (let index = 0; index < 200; index += 1) await sender.sendto(String(index), address);
      await settle();
      const received: string[] = [];
      const receiving = await turnsDuring(() =>
        times(200, async () => {
          received.push(String((await receiver.recvfrom(10))[0]));
          compute();
        }),
      );
      expect(receiving).toBeGreaterThanOrEqual(2);
      expect(received).toEqual(received.map((_, index) => String(index)));
    });
  });
}
