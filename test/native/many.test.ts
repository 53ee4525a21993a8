import { describe, expect, it } from "vitest";
import { available, failure, native, pair, receiveText, sendText, unlessAvailable } from "./support.js";

/** The results of so many entries. */
function results(entries: Int32Array): number[] {
  return [...entries].filter((_value, index) => index % 3 === 2);
}

describe.skipIf(!available)(`Many streams of the addon at once${unlessAvailable}`, () => {
  describe("recvmany", () => {
    it("receives from each what is there, end to end, and tells what recv() would have answered", () => {
      const [silent] = pair();
      const [first, toFirst] = pair();
      const [second, toSecond] = pair();
      const [ended, toEnded] = pair();
      sendText(toFirst, "one");
      sendText(toSecond, "another");
      native.close(toEnded);
      const entries = Int32Array.from([first, 100, 9, -1, 100, 9, silent, 100, 9, second, 4, 9, ended, 100, 9]);
      const buffer = Buffer.alloc(20, ".");
      expect(native.recvmany(entries, 0, 5, buffer, 2, 0)).toBe(5);
      expect(results(entries)).toEqual([3, failure("EBADF"), failure("EAGAIN"), 4, 0]);
      expect(String(buffer)).toBe(`..oneanot${".".repeat(11)}`);
      expect(receiveText(second)).toBe("her");
    });

    it("tells for how much there was room", () => {
      const [one, toOne] = pair();
      const [other, toOther] = pair();
      sendText(toOne, "abc");
      sendText(toOther, "def");
      const entries = Int32Array.from([one, 2, 0, other, 100, 0]);
      expect(native.recvmany(entries, 0, 2, Buffer.alloc(4), 0, 0)).toBe(2);
      expect([...entries]).toEqual([one, 2, 2, other, 2, 2]);
    });

    it("stops where too little is left, and goes on with the entry that it is told", () => {
      const streams = ["first", "second", "third"].map((text) => {
        const [one, other] = pair();
        sendText(other, text);
        return one;
      });
      const entries = Int32Array.from(streams.flatMap((descriptor) => [descriptor, 100, 9]));
      const buffer = Buffer.alloc(16);
      expect(native.recvmany(entries, 0, 3, buffer, 0, 10)).toBe(2);
      expect(results(entries)).toEqual([5, 6, 9]);
      expect(native.recvmany(entries, 2, 1, buffer, 0, 10)).toBe(1);
      expect(results(entries)).toEqual([5, 6, 5]);
      expect(String(buffer)).toBe(`thirdsecond${"\0".repeat(5)}`);
      expect(native.recvmany(entries, 0, 3, buffer, 16, 0)).toBe(0);
      expect(native.recvmany(Int32Array.from([streams[0] ?? -1, 3, 9]), 0, 1, buffer, 13, 10)).toBe(1);
    });

    it("refuses to receive nothing", () => {
      const [one] = pair();
      const receive = (wanted: number) => native.recvmany(Int32Array.of(one, wanted, 0), 0, 1, Buffer.alloc(9), 0, 0);
      expect(() => receive(0)).toThrow("recvmany: entries[1] must be a size of at least 1, not 0");
      expect(() => receive(-7)).toThrow("recvmany: entries[1] must be a size of at least 1, not -7");
    });
  });

  describe("sendmany", () => {
    it("sends each message to its socket, and tells what send() would have answered", () => {
      const [one, toOne] = pair();
      const [other, toOther] = pair();
      const [gone, toGone] = pair();
      native.close(gone);
      const entries = Int32Array.from([toOne, 3, 9, -1, 1, 9, toGone, 2, 9, toOther, 4, 9]);
      expect(native.sendmany(entries, 4, Buffer.from("one?!!four and more"))).toBe(4);
      expect(results(entries)).toEqual([3, failure("EBADF"), failure("EPIPE"), 4]);
      expect([receiveText(one), receiveText(other)]).toEqual(["one", "four"]);
    });

    it("tells of each socket by itself that it has no room", () => {
      const [full, toFull] = pair();
      const [one, toOne] = pair();
      while (native.send(toFull, Buffer.alloc(65_536), 0, 65_536, 0) > 0);
      const entries = Int32Array.from([toFull, 2, 9, toOne, 2, 9]);
      expect(native.sendmany(entries, 2, Buffer.from("noes"))).toBe(2);
      expect(results(entries)).toEqual([failure("EAGAIN"), 2]);
      expect(receiveText(one)).toBe("es");
      native.close(full);
    });

    it("refuses a message that is not in the buffer, or empty", () => {
      const [, one] = pair();
      const send = (length: number) => native.sendmany(Int32Array.of(one, 1, 0, one, length, 0), 2, Buffer.alloc(3));
      const wanted = "sendmany: entries[4] must be a length from 1 to what is left of the buffer";
      expect(() => send(3)).toThrow(`${wanted}, not 3`);
      expect(() => send(0)).toThrow(`${wanted}, not 0`);
    });
  });
});
