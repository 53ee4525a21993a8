import { AF_UNIX } from "ts-socketserver";
import { SOCK_STREAM } from "ts-socketserver/socket";
import { type Channel, nativeTransport, type Transport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { settle } from "../support/settle.js";

const ROUNDS = 300;

/** Two ends of a connection on the seam itself, where closing and opening happen at once. */
function openPair(transport: Transport): [Channel, Channel] {
  const pair = transport.openPair(AF_UNIX, SOCK_STREAM, 0);
  if (pair === null) throw new Error("the system makes no pairs");
  return pair;
}

const TAKES_NOTHING = { onReceiveError: () => {} };

function send(channel: Channel | undefined, data: string | Buffer): number | null | undefined {
  const bytes = Buffer.from(data);
  return channel?.trySend(bytes, 0, bytes.length, false);
}

/** Has a channel tell its news to a list, and asks it for bytes that are not there. */
function listen(channel: Channel, name: string, news: string[]): void {
  channel.owner = {
    onReadable: () => news.push(`${name}: ${String(channel.tryReceive(100, false))}`),
    onWritable: () => news.push(`${name} may write`),
    onDrop: () => news.push(`${name} dropped`),
    ...TAKES_NOTHING,
  };
  expect(channel.tryReceive(100, false)).toBeNull();
  channel.watch("read");
}

// Node opens its sockets in its own time: only here the next one gets the number of the last one for certain.
describe.skipIf(nativeTransport === null)(
  `A descriptor whose number is in use again${nativeTransport === null ? " (skipped: the native transport is not there)" : ""}`,
  () => {
    const transport = nativeTransport as Transport;

    it("hears nothing of the closed one's bytes, which were on their way when that was closed", async () => {
      let reused = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const news: string[] = [];
        const [old, oldPeer] = openPair(transport);
        listen(old, "old", news);
        const number = old.fileno();
        send(oldPeer, "for the old one");
        old.close();
        const [next, peer] = openPair(transport);
        listen(next, "next", news);
        if (next.fileno() === number) reused += 1;
        await settle(3);
        expect(news).toEqual([]);
        send(peer, "for the next one");
        while (news.length === 0) await settle(1);
        expect(news).toEqual(["next: for the next one"]);
        for (const channel of [oldPeer, next, peer]) channel.close();
      }
      // The test runner may take a number in between, but not often.
      expect(reused).toBeGreaterThan(ROUNDS / 2);
    });

    it("hears nothing of an event of the same batch, when the one before it has closed the old one", async () => {
      let reused = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const news: string[] = [];
        const [first, firstPeer] = openPair(transport);
        const [old, oldPeer] = openPair(transport);
        const opened: Channel[] = [];
        listen(first, "first", news);
        listen(old, "old", news);
        const number = old.fileno();
        first.owner = {
          onReadable: () => {
            old.close();
            const pair = openPair(transport);
            opened.push(...pair);
            listen(pair[0], "next", news);
          },
          onWritable: () => {},
          onDrop: () => {},
          ...TAKES_NOTHING,
        };
        // Told in the order in which they have become ready, in one call from the system.
        send(firstPeer, "x");
        send(oldPeer, "for the old one");
        while (opened.length === 0) await settle(1);
        await settle(3);
        const [next, peer] = opened;
        if (next?.fileno() === number) reused += 1;
        expect(news).toEqual([]);
        send(peer, "for the next one");
        while (news.length === 0) await settle(1);
        expect(news).toEqual(["next: for the next one"]);
        for (const channel of [first, firstPeer, oldPeer, ...opened]) channel.close();
      }
      expect(reused).toBeGreaterThan(ROUNDS / 2);
    });

    it("is not told that there is room to send, which the closed one had waited for", async () => {
      for (let round = 0; round < ROUNDS / 10; round += 1) {
        const news: string[] = [];
        const [old, oldPeer] = openPair(transport);
        listen(old, "old", news);
        while (send(old, Buffer.alloc(65_536)) !== null);
        old.watch("write");
        // Room is there now, and the system has it to tell.
        while (oldPeer.tryReceive(65_536, false) !== null);
        old.close();
        const [next, peer] = openPair(transport);
        listen(next, "next", news);
        await settle(3);
        expect(news).toEqual([]);
        for (const channel of [oldPeer, next, peer]) channel.close();
      }
    });
  },
);
