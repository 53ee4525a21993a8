/**
 * How the Node transport reads a connection: what Node receives goes past its streams, but where they know of something that has
 * to come first; and to them again where the connection is given to Node.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { SHUT_WR, SO_LINGER, SOL_SOCKET, TCP_NODELAY } from "ts-socketserver/socket";
import { nodeTransport } from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";
import { IPPROTO_TCP } from "../../dist/core/constants.js";
import { settle } from "../support/settle.js";
import { within } from "../support/within.js";
import { receiveBytes, streams } from "./subjects.js";

const MEGABYTE = 1024 * 1024;

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(
    `What somebody does with the memory of a message, over ${subject.title}`,
    () => {
      it.each([
        [
          "transfers it to another thread",
          (data: Buffer) => structuredClone(data, { transfer: [data.buffer as ArrayBuffer] }),
        ],
        [
          "gives it to a stream of bytes",
          (data: Buffer) => new ReadableStream({ type: "bytes", start: (controller) => controller.enqueue(data) }),
        ],
      ])("is no harm for other connections: one that %s", async (_what, misuse) => {
        await using one = await subject.accepted();
        await using other = await subject.accepted();
        for (const size of [3, 3000]) {
          await one.peer.write(Buffer.alloc(size, "x"));
          const data = await one.socket.recv(65_536);
          await receiveBytes(one.socket, size - data.length);
          try {
            misuse(data);
          } catch {
            // Some versions of Node refuse it, others copy it, or take it away.
          }
          await other.peer.write(Buffer.alloc(size, "y"));
          expect(String(await receiveBytes(other.socket, size))).toBe("y".repeat(size));
          await one.peer.write("z");
          expect(String(await one.socket.recv(10))).toBe("z");
        }
      });
    },
  );
}

for (const subject of streams.filter(({ transport }) => transport === nodeTransport)) {
  describe.skipIf(subject.missing !== null)(`A connection that was read, over ${subject.title}`, () => {
    it("goes on as a stream of Node's: with what waits, and with all that comes, no faster than it is taken", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const all = randomBytes(4 * MEGABYTE);
      const sending = peer.write(all);
      const first = await receiveBytes(socket, 10);
      const stream = socket.toNodeSocket();
      await settle();
      expect(stream.readableLength).toBeLessThan(MEGABYTE);
      stream.end("goodbye");
      peer.end();
      const rest = await within(15, "the rest", buffer(stream));
      await sending;
      expect(Buffer.concat([first, rest]).equals(all)).toBe(true);
      expect(await peer.readAll()).toBe("goodbye");
    });

    it("tells its end, and its bytes, when it has gone on as a stream of Node's", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("one");
      expect(String(await socket.recv(10))).toBe("one");
      const stream = socket.toNodeSocket();
      await peer.write("two");
      const [chunk] = await once(stream, "data");
      expect(String(chunk)).toBe("two");
      peer.end();
      await once(stream, "end");
      stream.destroy();
      await once(stream, "close");
    });

    it.each(["readable", "readable, after a pause()"])("tells of its bytes as a stream of Node's: %s", async (how) => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("one");
      expect(String(await socket.recv(10))).toBe("one");
      const stream = socket.toNodeSocket();
      if (how !== "readable") stream.pause();
      const readable = within(15, "the event", once(stream, "readable"));
      await peer.write("two");
      await readable;
      expect(String(stream.read())).toBe("two");
      stream.destroy();
    });

    it("keeps what nobody has taken in memory that is no larger", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("x");
      await socket.recv(1);
      // Only now somebody asks, and goes: from here on it is read, and nobody takes it.
      socket.settimeout(0.001);
      await socket.recv(1).catch(() => undefined);
      await peer.write(Buffer.alloc(3000, "y"));
      await settle();
      const data = await socket.recv(65_536);
      expect([data.length, data.buffer.byteLength]).toEqual([3000, 3000]);
    });

    it("keeps the options that were set before, and takes new ones", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      if (subject.isTcp) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
      await peer.write("x");
      await socket.recv(1);
      if (subject.isTcp) {
        expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, false);
        expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(0);
        socket.setsockopt(SOL_SOCKET, SO_LINGER, Buffer.from(Int32Array.of(1, 0).buffer));
      }
      expect(socket.counters).toMatchObject({ bytesRead: 1, bytesWritten: 0 });
      await socket.close();
      await peer.ended();
      expect(peer.error?.message ?? null).toEqual(subject.isTcp ? expect.stringContaining("ECONNRESET") : null);
    });
  });

  describe.skipIf(subject.missing !== null)(`A connection whose first read comes late, over ${subject.title}`, () => {
    it("is read while a send that came before still waits for room", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      peer.pause();
      const megabytes = 16;
      const sending = socket.sendall(Buffer.alloc(megabytes * MEGABYTE, "x"));
      await settle();
      await peer.write("hurry");
      expect(String(await within(15, "the word", socket.recv(10)))).toBe("hurry");
      peer.resume();
      // Piece by piece: the client would put all of it together again at each chunk.
      for (let count = 0; count < megabytes; count += 1) expect(await peer.read(MEGABYTE)).toHaveLength(MEGABYTE);
      await within(15, "the send", sending);
      await socket.shutdown(SHUT_WR);
      await peer.ended();
      expect(peer.available).toBe(0);
      await peer.write("thanks");
      expect(String(await socket.recv(10))).toBe("thanks");
    });

    it("is read behind the end of what was sent", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await socket.sendall("all I have");
      await socket.shutdown(SHUT_WR);
      expect(await peer.readAll()).toBe("all I have");
      await peer.write("thanks");
      expect(String(await socket.recv(10))).toBe("thanks");
      peer.end();
      expect(await socket.recv(10)).toHaveLength(0);
    });
  });
}
