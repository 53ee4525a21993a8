import { BlockingIOError, BusyResourceError, ClosedResourceError, TimeoutError } from "ts-socketserver";
import { MSG_PEEK, SHUT_WR } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending } from "../support/settle.js";
import { bulkStreams, failureOf, pattern, receiveBytes } from "./subjects.js";

/** More than two sockets of the kernel can hold, so that a send of it has to wait for its reader. */
const MUCH = 16 * 1024 * 1024;

for (const subject of bulkStreams) {
  describe.skipIf(subject.missing !== null)(`Sending over ${subject.title}`, () => {
    it("returns the number of bytes, not of characters, and sends strings as UTF-8", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      expect(await socket.send("wörld\n")).toBe(7);
      expect(await socket.send(new Uint8Array([65, 66]))).toBe(2);
      expect(await socket.send("")).toBe(0);
      expect(await socket.sendall("!")).toBeUndefined();
      expect(await peer.read(10)).toBe("wörld\nAB!");
    });

    it("sends 16 MB whole, and in their order", async () => {
      await using pair = await subject.pair();
      const sent = pattern(MUCH);
      const sending = pair.client.sendall(sent);
      const received = await receiveBytes(pair.server, sent.length);
      await sending;
      expect(received.equals(sent)).toBe(true);
    });

    it("carries both directions at the same time", async () => {
      await using pair = await subject.pair();
      const there = pattern(4 * 1024 * 1024);
      const back = Buffer.from(there).reverse();
      const [, , atServer, atClient] = await Promise.all([
        pair.client.sendall(there),
        pair.server.sendall(back),
        receiveBytes(pair.server, there.length),
        receiveBytes(pair.client, back.length),
      ]);
      expect([atServer.equals(there), atClient.equals(back)]).toEqual([true, true]);
    });

    it("makes a sendall() wait while the peer does not read", async () => {
      await using pair = await subject.pair();
      const sending = pair.client.sendall(Buffer.alloc(MUCH));
      expect(await isPending(sending)).toBe(true);
      expect((await receiveBytes(pair.server, MUCH)).length).toBe(MUCH);
      await sending;
    });

    it("gives the caller its memory back when the promise resolves", async () => {
      await using pair = await subject.pair();
      const receiving = receiveBytes(pair.server, 64 * 100_000);
      const buffer = Buffer.alloc(100_000);
      for (let round = 0; round < 64; round += 1) {
        buffer.fill(round);
        if (round % 2 === 0) await pair.client.sendall(buffer);
        else for (let sent = 0; sent < buffer.length; ) sent += await pair.client.send(buffer.subarray(sent));
      }
      const received = await receiving;
      for (let round = 0; round < 64; round += 1) {
        const part = received.subarray(round * buffer.length, (round + 1) * buffer.length);
        if (!part.equals(buffer.fill(round))) expect.fail(`round ${round} was overwritten`);
      }
      expect(received.length).toBe(64 * buffer.length);
    });

    it("sends calls that overlap in the order in which they were made, and of a send() as much as it says", async () => {
      await using pair = await subject.pair();
      const parts = Array.from({ length: 200 }, (_, index) => Buffer.alloc(20_000 + index, index));
      const sends = parts.map(async (part, index) => {
        if (index % 3 === 0) return part.subarray(0, await pair.client.send(part));
        await pair.client.sendall(part);
        return part;
      });
      const sending = Promise.all(sends).finally(() => pair.client.shutdown(SHUT_WR));
      const received = await receiveBytes(pair.server, MUCH);
      expect(received.equals(Buffer.concat(await sending))).toBe(true);
    });

    it("lets 16 MiB of sends wait behind one of any size, and refuses the next, which spoils none of the others", async () => {
      await using pair = await subject.pair();
      const first = pair.client.sendall(Buffer.alloc(MUCH));
      const piece = Buffer.alloc(1_048_576, "x");
      const waiting = Array.from({ length: 16 }, () => pair.client.sendall(piece));
      const error = await failureOf(pair.client.sendall("too many"));
      expect(error).toBeInstanceOf(BusyResourceError);
      expect(error.code).toBe("ENOBUFS");
      const length = waiting.length * piece.length;
      const received = await receiveBytes(pair.server, MUCH + length);
      await Promise.all([first, ...waiting]);
      expect(received.subarray(MUCH).equals(Buffer.alloc(length, "x"))).toBe(true);
    });

    it("fails with TimeoutError when the peer does not read in time", async () => {
      await using pair = await subject.pair();
      pair.client.settimeout(0.05);
      const error = await failureOf(pair.client.sendall(Buffer.alloc(MUCH)));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(/^Cannot send to .* within 0\.05 s: .*\(ETIMEDOUT\)$/);
    });

    it("sends without waiting what there is room for, and fails with BlockingIOError when there is none", async () => {
      await using pair = await subject.pair();
      pair.client.settimeout(0);
      await pair.client.sendall("at once");
      expect(String(await pair.server.recv(100))).toBe("at once");
      // What does not fit is either refused or taken and sent later; then the next one is refused.
      const much = pair.client.sendall(Buffer.alloc(MUCH)).catch((error: unknown) => error);
      const error = await failureOf(pair.client.send("no room"));
      expect(error).toBeInstanceOf(BlockingIOError);
      expect([error.code, error.syscall]).toEqual(["EAGAIN", "send"]);
      pair.client.abort();
      expect(await much).toBeInstanceOf(Error);
    });

    it("ends waiting sends with ClosedResourceError when it is closed, and every later one", async () => {
      await using pair = await subject.pair();
      const sends = [pair.client.sendall(Buffer.alloc(MUCH)), pair.client.sendall("next"), pair.client.send("last")];
      const failures = sends.map((send) => failureOf(send));
      await pair.server.recv(1, MSG_PEEK);
      await pair.client.close();
      for (const failure of failures) expect(await failure).toBeInstanceOf(ClosedResourceError);
      expect(await failureOf(pair.client.send("x"))).toBeInstanceOf(ClosedResourceError);
      expect(await failureOf(pair.client.sendall("x"))).toBeInstanceOf(ClosedResourceError);
    });

    it("sends to the connected peer with sendto(), whatever the address, as the system does", async () => {
      await using pair = await subject.pair();
      expect(await pair.client.sendto("abc", subject.address())).toBe(3);
      expect(String(await pair.server.recv(10))).toBe("abc");
      expect(pair.client.counters.bytesWritten).toBe(3);
    });
  });
}
