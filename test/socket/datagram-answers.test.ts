import { Socket as NodeDatagramSocket } from "node:dgram";
import fc from "fast-check";
import type { Address, Socket } from "ts-socketserver";
import { SOL_SOCKET } from "ts-socketserver/socket";
import { describe, expect, it, vi } from "vitest";
import { datagrams, unixDatagrams } from "./subjects.js";

/** The option of that name: a socket of which the system takes no joined datagrams. */
const SO_NO_CHECK = 11;

/** Receives so many, asking again only when one is there. */
async function receive(socket: Socket, count: number): Promise<[text: string, from: Address][]> {
  const received: [string, Address][] = [];
  while (received.length < count) {
    const [data, address] = await socket.recvfrom(2048);
    received.push([String(data), address]);
  }
  return received;
}

/** Has the clients send these texts, and the server answer each with itself before any answer has left. */
async function answer(
  server: Socket,
  clients: readonly Socket[],
  sent: readonly (readonly [Socket, string])[],
): Promise<void> {
  for (const [client, text] of sent) await client.sendto(text, server.getsockname());
  const received = await receive(server, sent.length);
  expect(received.map(([text]) => text)).toEqual(sent.map(([, text]) => text));
  await Promise.all(received.map(([text, address]) => server.sendto(text, address)));
  for (const client of clients) {
    const expected = sent.filter(([to]) => to === client).map(([, text]) => text);
    expect((await receive(client, expected.length)).map(([text]) => text)).toEqual(expected);
  }
}

for (const subject of [...datagrams, ...unixDatagrams]) {
  describe.skipIf(subject.missing !== null)(`Answers to many datagrams over ${subject.title}`, () => {
    it("reach each client whole and in order, of whatever lengths they are", async () => {
      await using server = await subject.bound();
      await using one = await subject.bound();
      await using other = await subject.bound();
      const client = fc.constantFrom(one, other);
      // Few lengths, and up to four batches; fewer over Unix, whose queues may hold no more than ten.
      const length = fc.constantFrom(0, 1, 2, 2, 2, 1452, 1453, 1473);
      const maxLength = unixDatagrams.includes(subject) ? 10 : 100;
      const sent = fc.array(fc.tuple(client, length), { maxLength });
      const check = fc.asyncProperty(sent, async (order) => {
        const texts = order.map(([to, size], index) => [to, String.fromCharCode(0x21 + index).repeat(size)] as const);
        await answer(server, [one, other], texts);
      });
      await fc.assert(check, { numRuns: 50 });
    });
  });
}

for (const subject of datagrams.filter(({ isNative }) => isNative)) {
  describe.skipIf(subject.missing !== null)(
    `Answers over ${subject.title} where the system takes none that are joined`,
    () => {
      it("leave one by one", async () => {
        await using server = await subject.bound();
        await using client = await subject.bound();
        server.setsockopt(SOL_SOCKET, SO_NO_CHECK, 1);
        const sent = Array.from({ length: 20 }, (_, index) => [client, String.fromCharCode(0x41 + index)] as const);
        await answer(server, [client], sent);
      });
    },
  );
}

for (const subject of datagrams.filter(({ isNative }) => !isNative)) {
  describe.skipIf(subject.missing !== null)(`Answers over ${subject.title} that Node keeps for want of room`, () => {
    it("are done only when the system has them: until then their memory is Node's", async () => {
      await using server = await subject.bound();
      await using client = await subject.bound();
      await client.sendto("question", server.getsockname());
      const [, address] = await server.recvfrom(100);
      const done: string[] = [];
      // The system of this machine never lacks room for so little.
      using queue = vi.spyOn(NodeDatagramSocket.prototype, "getSendQueueCount").mockReturnValueOnce(1);
      const send = (text: string) => server.sendto(text, address).then(() => done.push(text));
      const sending = [send("waits"), send("comes after it")];
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      expect(done).toEqual([]);
      await Promise.all(sending);
      expect(done).toEqual(["waits", "comes after it"]);
      // Where there is room again, nothing is waited for.
      const again = send("again");
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      expect(done.at(-1)).toBe("again");
      await again;
      expect(queue).toHaveBeenCalledTimes(2);
      expect((await receive(client, 3)).map(([text]) => text)).toEqual(done);
    });
  });
}
