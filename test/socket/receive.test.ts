import {
  BlockingIOError,
  BusyResourceError,
  ClosedResourceError,
  TimeoutError,
  UnsupportedOperation,
} from "ts-socketserver";
import { MSG_DONTWAIT, MSG_PEEK } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { isPending, settle } from "../support/settle.js";
import { failureOf, pattern, receiveBytes, streams } from "./subjects.js";

/** A flag of the system that no call here takes. */
const MSG_OOB = 0x1;

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Receiving over ${subject.title}`, () => {
    it("waits for the first byte, and returns what is there, however much was asked for", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const receiving = socket.recv(1024);
      expect(await isPending(receiving)).toBe(true);
      await peer.write("hello");
      expect(await receiving).toEqual(Buffer.from("hello"));
    });

    it("returns no more than it was asked for, and the rest to the next calls", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("abcdef");
      expect(String(await socket.recv(1))).toBe("a");
      expect(String(await socket.recv(2))).toBe("bc");
      expect(String(await socket.recv(100))).toBe("def");
    });

    it("returns an empty buffer at the end of the stream, again and again", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("last");
      peer.end();
      expect(String(await receiveBytes(socket, 10))).toBe("last");
      expect(await socket.recv(10)).toHaveLength(0);
      expect(await socket.recv(10)).toHaveLength(0);
    });

    it("wakes a waiting recv() with the end of the stream", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const receiving = socket.recv(10);
      expect(await isPending(receiving)).toBe(true);
      peer.end();
      expect(await receiving).toHaveLength(0);
    });

    it("leaves with MSG_PEEK what it shows", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("peek");
      expect(String(await socket.recv(2, MSG_PEEK))).toBe("pe");
      expect(String(await socket.recv(100, MSG_PEEK))).toBe("peek");
      expect(String(await socket.recv(100))).toBe("peek");
      peer.end();
      expect(await socket.recv(100, MSG_PEEK)).toHaveLength(0);
    });

    it("does not wait with MSG_DONTWAIT or settimeout(0), and fails with BlockingIOError instead", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      expect(await failureOf(socket.recv(1, MSG_DONTWAIT))).toBeInstanceOf(BlockingIOError);
      socket.settimeout(0);
      const error = await failureOf(socket.recv(1));
      expect(error).toBeInstanceOf(BlockingIOError);
      expect([error.code, error.syscall]).toEqual(["EAGAIN", "recv"]);
      await peer.write("x");
      // Nothing tells when the byte is there; so it is looked for until it is.
      let received: Buffer | null = null;
      while (received === null) {
        await settle(1);
        received = await socket.recv(1).catch(() => null);
      }
      expect(String(received)).toBe("x");
    });

    it("receives into the caller's memory and leaves what lies behind untouched", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const buffer = Buffer.from("..........");
      await peer.write("abcdef");
      expect(await socket.recvInto(buffer, 2)).toBe(2);
      expect(String(buffer)).toBe("ab........");
      expect(await socket.recvInto(buffer.subarray(5))).toBe(4);
      expect(String(buffer)).toBe("ab...cdef.");
      peer.end();
      expect(await socket.recvInto(buffer)).toBe(0);
      expect(String(buffer)).toBe("ab...cdef.");
    });

    it("never writes beyond the caller's memory, whatever size was asked for", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("abcdef");
      const buffer = new Uint8Array(4);
      expect(await socket.recvInto(buffer, 1000)).toBe(4);
      expect(String(await socket.recv(10))).toBe("ef");
    });

    it("gives recvfrom() and recvfromInto() the peer's address", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      await peer.write("abcd");
      const [data, address, truncated] = await socket.recvfrom(2);
      expect([String(data), address, truncated]).toEqual(["ab", socket.getpeername(), false]);
      const buffer = Buffer.alloc(2);
      expect(await socket.recvfromInto(buffer)).toEqual([2, socket.getpeername()]);
      expect(String(buffer)).toBe("cd");
    });

    it("receives nothing at once when nothing is asked for, as Python does", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const nothing = socket.recv(0);
      expect(await isPending(nothing)).toBe(false);
      expect(await nothing).toHaveLength(0);
      await peer.write("x");
      expect(String(await socket.recv(1))).toBe("x");
    });

    it("refuses sizes that are no sizes and flags that it does not know", async () => {
      await using accepted = await subject.accepted();
      const { socket } = accepted;
      for (const size of [-1, 1.5, Number.NaN]) {
        await expect(socket.recv(size)).rejects.toThrow(`Cannot receive ${size} bytes`);
        await expect(socket.recvfrom(size)).rejects.toBeInstanceOf(RangeError);
      }
      expect(await failureOf(socket.recv(1, MSG_OOB))).toBeInstanceOf(UnsupportedOperation);
    });

    it("lets one call receive at a time", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const first = socket.recv(10);
      const error = await failureOf(socket.recv(10));
      expect(error).toBeInstanceOf(BusyResourceError);
      expect([error.code, error.syscall]).toEqual(["EBUSY", "recv"]);
      await peer.write("for the first");
      expect(String(await receiveBytes(socket, 3).catch(() => "busy"))).toBe("busy");
      expect(String(await first)).toBe("for the fi");
      expect(String(await socket.recv(10))).toBe("rst");
    });

    it("fails with TimeoutError when nothing comes in time, and loses nothing by it", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      socket.settimeout(0.03);
      for (const _time of ["once", "twice"]) {
        const error = await failureOf(socket.recv(10));
        expect(error).toBeInstanceOf(TimeoutError);
        expect(error.message).toMatch(/^Cannot receive from .* within 0\.03 s: .*\(ETIMEDOUT\)$/);
      }
      await peer.write("not lost");
      socket.settimeout(null);
      expect(String(await receiveBytes(socket, 8))).toBe("not lost");
    });

    it("keeps the time-out that it began to wait with", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      socket.settimeout(null);
      const patient = socket.recv(10);
      socket.settimeout(0);
      expect(await isPending(patient)).toBe(true);
      await peer.write("patience");
      expect(String(await patient)).toBe("patience");
    });

    it("ends a waiting recv() with ClosedResourceError when it is closed, and every later one", async () => {
      await using accepted = await subject.accepted();
      const { socket } = accepted;
      const waiting = failureOf(socket.recv(10));
      await socket.close();
      expect(await waiting).toBeInstanceOf(ClosedResourceError);
      for (const later of [socket.recv(1), socket.recvfrom(1), socket.recvInto(Buffer.alloc(1))]) {
        expect((await failureOf(later)).name).toBe("ClosedResourceError");
      }
    });

    it("receives 8 MB whole in any pieces, and stops reading from the peer while nobody asks", async () => {
      await using accepted = await subject.accepted();
      const { socket, peer } = accepted;
      const sent = pattern(8 * 1024 * 1024);
      const writing = peer.write(sent);
      await socket.recv(1, MSG_PEEK);
      await settle();
      expect(socket.counters.unreadBytes).toBeLessThan(1024 * 1024);
      expect(await isPending(writing)).toBe(true);
      let offset = 0;
      for (let size = 1; offset < sent.length; size = (size * 7) % 100_003) {
        const chunk = await socket.recv(size);
        if (!chunk.equals(sent.subarray(offset, offset + chunk.length))) expect.fail(`wrong bytes at ${offset}`);
        expect(chunk.length).toBeGreaterThan(0);
        offset += chunk.length;
      }
      await writing;
      expect(socket.counters).toMatchObject({ bytesRead: sent.length, unreadBytes: 0 });
    });
  });
}
