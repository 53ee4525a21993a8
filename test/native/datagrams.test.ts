import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF_UNIX, MSG_PEEK, MSG_TRUNC, SOCK_DGRAM } from "../../dist/core/constants.js";
import { temporaryPath } from "../support/temporary-path.js";
import {
  ADDRESS_SIZE,
  available,
  datagramSocket,
  failure,
  lengthOf,
  native,
  opened,
  pair,
  pathOf,
  places,
  unixPath,
  unlessAvailable,
  waitFor,
  withLength,
} from "./support.js";

interface Received {
  readonly text: string;
  readonly address: Uint8Array;
  readonly flags: number;
}

function receiveFrom(descriptor: number, size = 1024, flags = 0): Received | number {
  const buffer = Buffer.alloc(size);
  const address = places();
  const result = new Int32Array(1);
  const received = native.recvfrom(descriptor, buffer, 0, size, flags, address, result);
  if (received < 0) return received;
  return { text: buffer.toString("utf8", 0, received), address, flags: result[0] ?? 0 };
}

function sendTo(descriptor: number, text: string, address: Uint8Array): number {
  const bytes = Buffer.from(text);
  return native.sendto(descriptor, bytes, 0, bytes.length, 0, address);
}

/** Receives a batch, however many calls that takes. */
function receiveBatch(descriptor: number, count: number, size = 64): Received[] {
  const messages: Received[] = [];
  while (messages.length < count) {
    waitFor(descriptor, native.constants.POLLIN);
    const buffer = Buffer.alloc(size * count);
    const addresses = places(count);
    const results = new Int32Array(2 * count);
    const received = native.recvmmsg(descriptor, buffer, size, count, addresses, results);
    expect(received).toBeGreaterThan(0);
    for (let index = 0; index < received; index += 1) {
      messages.push({
        text: buffer.toString("utf8", index * size, index * size + (results[2 * index] ?? 0)),
        address: addresses.slice(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE),
        flags: results[2 * index + 1] ?? 0,
      });
    }
  }
  return messages;
}

/** Sends the texts as one batch, each to its address; those of at most `joinable` bytes may go joined. */
function sendBatch(
  descriptor: number,
  texts: readonly string[],
  addresses: readonly Uint8Array[],
  joinable = 0,
): number {
  const lengths = Int32Array.from(texts, (text) => Buffer.byteLength(text));
  const bytes = Buffer.from(texts.join(""));
  return native.sendmmsg(descriptor, bytes, lengths, texts.length, Buffer.concat(addresses), joinable);
}

describe.skipIf(!available)(`Datagrams of the addon${unlessAvailable}`, () => {
  describe("recvfrom and sendto", () => {
    it("carry a datagram and its sender's address", () => {
      const one = datagramSocket();
      const other = datagramSocket();
      expect(sendTo(one.descriptor, "hello", other.address)).toBe(5);
      waitFor(other.descriptor, native.constants.POLLIN);
      expect(receiveFrom(other.descriptor)).toEqual({ text: "hello", address: one.address, flags: 0 });
      expect(receiveFrom(other.descriptor)).toBe(failure("EAGAIN"));
    });

    it("tell a datagram that was cut, and one of no bytes", () => {
      const one = datagramSocket();
      const other = datagramSocket();
      sendTo(one.descriptor, "too long", other.address);
      sendTo(one.descriptor, "", other.address);
      waitFor(other.descriptor, native.constants.POLLIN);
      expect(receiveFrom(other.descriptor, 3)).toMatchObject({ text: "too", flags: MSG_TRUNC });
      expect(receiveFrom(other.descriptor, 3)).toMatchObject({ text: "", flags: 0, address: one.address });
    });

    it("pass the flags on", () => {
      const one = datagramSocket();
      sendTo(one.descriptor, "itself", one.address);
      waitFor(one.descriptor, native.constants.POLLIN);
      expect(receiveFrom(one.descriptor, 64, MSG_PEEK)).toMatchObject({ text: "itself" });
      expect(receiveFrom(one.descriptor, 64)).toMatchObject({ text: "itself" });
    });

    it("work between Unix sockets; a sender without a name has no address", () => {
      const receiver = opened(native.socket(AF_UNIX, SOCK_DGRAM, 0));
      const path = temporaryPath();
      expect(native.bind(receiver, unixPath(path))).toBe(0);
      const named = opened(native.socket(AF_UNIX, SOCK_DGRAM, 0));
      const name = temporaryPath();
      expect(native.bind(named, unixPath(name))).toBe(0);
      const nameless = opened(native.socket(AF_UNIX, SOCK_DGRAM, 0));
      expect(sendTo(named, "signed", unixPath(path))).toBe(6);
      expect(sendTo(nameless, "anonymous", unixPath(path))).toBe(9);
      const signed = receiveFrom(receiver) as Received;
      expect([signed.text, pathOf(signed.address)]).toEqual(["signed", name]);
      const anonymous = receiveFrom(receiver) as Received;
      expect([anonymous.text, lengthOf(anonymous.address)]).toEqual(["anonymous", 0]);
    });

    it("answer the system's error for a datagram that is too long", () => {
      const { descriptor, address } = datagramSocket();
      expect(native.sendto(descriptor, Buffer.alloc(70_000), 0, 70_000, 0, address)).toBe(failure("EMSGSIZE"));
    });
  });

  describe("recvmmsg and sendmmsg", () => {
    it("keep the order and each datagram's bounds and sender", () => {
      const receiver = datagramSocket();
      const one = datagramSocket();
      const other = datagramSocket();
      expect(sendBatch(one.descriptor, ["a", "", "ccc"], [receiver.address, receiver.address, receiver.address])).toBe(
        3,
      );
      expect(sendBatch(other.descriptor, ["dddd"], [receiver.address])).toBe(1);
      const received = receiveBatch(receiver.descriptor, 4);
      expect(received.map(({ text }) => text)).toEqual(["a", "", "ccc", "dddd"]);
      expect(received.map(({ address }) => address)).toEqual([one.address, one.address, one.address, other.address]);
    });

    it("send each datagram to its own address", () => {
      const sender = datagramSocket();
      const receivers = Array.from({ length: 3 }, () => datagramSocket());
      const texts = ["first", "second", "third"];
      expect(
        sendBatch(
          sender.descriptor,
          texts,
          receivers.map(({ address }) => address),
        ),
      ).toBe(3);
      for (const [index, { descriptor }] of receivers.entries()) {
        waitFor(descriptor, native.constants.POLLIN);
        expect(receiveFrom(descriptor)).toMatchObject({ text: texts[index], address: sender.address });
      }
    });

    it.each([1, 63, 64, 65, 100, 1024])("carry %i datagrams", (count) => {
      const [one, other] = pair(SOCK_DGRAM);
      const texts = Array.from({ length: count }, (_, index) => `message ${index}`);
      const received: string[] = [];
      // A Unix socket's queue is short: sent in as many parts as it takes.
      for (let sent = 0; sent < count; ) {
        const rest = texts.slice(sent);
        const taken = sendBatch(
          one,
          rest,
          rest.map(() => places()),
        );
        expect(taken).toBeGreaterThan(0);
        received.push(...receiveBatch(other, taken).map(({ text }) => text));
        sent += taken;
      }
      expect(received).toEqual(texts);
    });

    it("receive as many as there are when asked for 1,024", () => {
      const [one, other] = pair(SOCK_DGRAM);
      sendBatch(one, ["x", "y"], [places(), places()]);
      const results = new Int32Array(2048);
      const buffer = Buffer.alloc(10_240);
      expect(native.recvmmsg(other, buffer, 10, 1024, places(1024), results)).toBe(2);
      expect([buffer.toString("utf8", 0, 1), buffer.toString("utf8", 10, 11)]).toEqual(["x", "y"]);
      expect([...results.subarray(0, 6)]).toEqual([1, 0, 1, 0, 0, 0]);
    });

    it("tell which datagram was cut, and write over no other", () => {
      const receiver = datagramSocket();
      const sender = datagramSocket();
      sendBatch(sender.descriptor, ["fits", "does not fit", "fits"], Array(3).fill(receiver.address));
      const received = receiveBatch(receiver.descriptor, 3, 4);
      expect(received.map(({ text, flags }) => [text, flags])).toEqual([
        ["fits", 0],
        ["does", MSG_TRUNC],
        ["fits", 0],
      ]);
    });

    it("answer EAGAIN when nothing is there, and 0 for none", () => {
      const { descriptor } = datagramSocket();
      expect(native.recvmmsg(descriptor, Buffer.alloc(64), 64, 1, places(), new Int32Array(2))).toBe(failure("EAGAIN"));
      expect(native.recvmmsg(descriptor, Buffer.alloc(0), 0, 0, places(0), new Int32Array(0))).toBe(0);
      expect(native.sendmmsg(descriptor, Buffer.alloc(0), new Int32Array(0), 0, places(0), 0)).toBe(0);
    });

    it("tell how many were sent before one failed, and the error when it is the first", () => {
      const sender = datagramSocket();
      const receiver = datagramSocket();
      const nowhere = unixPath("/no/such/directory/anywhere");
      const addresses = [receiver.address, nowhere, receiver.address];
      expect(sendBatch(sender.descriptor, ["a", "b", "c"], addresses)).toBe(1);
      expect(sendBatch(sender.descriptor, ["b", "c"], addresses.slice(1))).toBe(failure("EAFNOSUPPORT"));
      expect(receiveBatch(receiver.descriptor, 1)).toMatchObject([{ text: "a" }]);
    });

    it("send to the connected peer where an address has the length 0", () => {
      const sender = datagramSocket();
      const receiver = datagramSocket();
      expect(native.connect(sender.descriptor, receiver.address)).toBe(0);
      expect(sendBatch(sender.descriptor, ["a", "b"], [withLength(receiver.address, 0), receiver.address])).toBe(2);
      expect(receiveBatch(receiver.descriptor, 2).map(({ text }) => text)).toEqual(["a", "b"]);
    });

    it("give each receiver its own datagrams, whole and in order, however many of them go joined", () => {
      const sender = datagramSocket();
      const receivers = Array.from({ length: 3 }, () => datagramSocket());
      const datagram = fc.record({
        to: fc.constantFrom(...receivers),
        // Few lengths: runs of equal ones are what is joined. The last two are at and beyond what a frame holds.
        length: fc.constantFrom(0, 1, 2, 2, 2, 1452, 1473),
      });
      const check = fc.property(
        fc.array(datagram, { maxLength: 100 }),
        fc.constantFrom(0, 1, 2, 1452, 65_535),
        (datagrams, joinable) => {
          const texts = datagrams.map(({ length }, index) => String.fromCharCode(0x21 + index).repeat(length));
          const addresses = datagrams.map(({ to }) => to.address);
          for (let sent = 0; sent < texts.length; ) {
            const taken = sendBatch(sender.descriptor, texts.slice(sent), addresses.slice(sent), joinable);
            expect(taken).toBeGreaterThan(0);
            sent += taken;
          }
          for (const { descriptor, address } of receivers) {
            const expected = texts.filter((_, index) => addresses[index] === address);
            expect(receiveBatch(descriptor, expected.length, 2048).map(({ text }) => text)).toEqual(expected);
            expect(receiveFrom(descriptor)).toBe(failure("EAGAIN"));
          }
        },
      );
      fc.assert(check);
    });

    it("join at most what the system takes as one: 64 datagrams, 65,000 bytes", () => {
      const sender = datagramSocket();
      const receiver = datagramSocket();
      for (const [count, length] of [
        [150, 10],
        [70, 1400],
      ] as const) {
        const texts = Array.from({ length: count }, (_, index) =>
          String.fromCharCode(0x21 + (index % 90)).repeat(length),
        );
        const addresses = texts.map(() => receiver.address);
        expect(sendBatch(sender.descriptor, texts, addresses, 1452)).toBe(count);
        expect(receiveBatch(receiver.descriptor, count, 2048).map(({ text }) => text)).toEqual(texts);
      }
    });

    it("take shared memory", () => {
      const one = datagramSocket();
      const memory = new Uint8Array(new SharedArrayBuffer(8), 2, 6);
      memory.set(Buffer.from("shared"));
      expect(native.sendmmsg(one.descriptor, memory, new Int32Array([6]), 1, one.address, 0)).toBe(1);
      expect(receiveBatch(one.descriptor, 1)).toMatchObject([{ text: "shared" }]);
    });
  });
});
