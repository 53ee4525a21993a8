import fc from "fast-check";
import { IncompleteReadError, LimitOverrunError, StreamReader } from "ts-socketserver";
import { LengthPrefixedReader, LengthPrefixedWriter, prefixLength, unprefixLength } from "ts-socketserver/framing";
import { socketpair } from "ts-socketserver/socket";
import { memoryStreamPair } from "ts-socketserver/testing";
import { describe, expect, it } from "vitest";
import { cutAt, cuts, sourceOf } from "./cuts.js";

const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });

async function readAll(reader: LengthPrefixedReader): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const message of reader) found.push(message);
  return found;
}

describe("LengthPrefixedReader", () => {
  it("reads the same messages wherever the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(messages, cuts, async (sent, places) => {
        const bytes = Buffer.concat(sent.map((message) => prefixLength(message)));
        const source = sourceOf(cutAt(bytes, places));
        expect(await readAll(new LengthPrefixedReader(source))).toEqual(sent.map((message) => Buffer.from(message)));
      }),
    );
  });

  it("reads them from a file as well", async () => {
    const file = new StreamReader(sourceOf([prefixLength(Buffer.from("one")), prefixLength(Buffer.from("two"))]));
    const reader = new LengthPrefixedReader(file);
    expect(await reader.read()).toEqual(Buffer.from("one"));
    expect(await reader.read()).toEqual(Buffer.from("two"));
    expect(await reader.read()).toBeNull();
    expect(await reader.read()).toBeNull();
  });

  it("understands Python's struct.pack('!I', 3)", async () => {
    expect(prefixLength(Buffer.from("abc"))).toEqual(Buffer.from("\0\0\0\u0003abc"));
  });

  it("says where the stream ended: within a length, or within a message", async () => {
    for (const [bytes, expected, got] of [
      ["\0\0", 4, 2],
      ["\0\0\0\u0005abc", 5, 3],
      ["\0\0\0\u0005", 5, 0],
    ] as const) {
      const failure = await new LengthPrefixedReader(sourceOf([Buffer.from(bytes)])).read().catch((error) => error);
      expect(failure).toBeInstanceOf(IncompleteReadError);
      expect(failure).toMatchObject({ expected });
      expect(failure.partial).toHaveLength(got);
    }
  });

  it("refuses a length over the limit before it reads on, and then for good", async () => {
    let asked = 0;
    const source = {
      recv: async () => {
        asked += 1;
        return Buffer.from([0xff, 0xff, 0xff, 0xff]);
      },
    };
    const reader = new LengthPrefixedReader(source);
    await expect(reader.read()).rejects.toThrow(LimitOverrunError);
    await expect(reader.read()).rejects.toThrow("Cannot read a message of 4294967295 bytes: it may have 1048576");
    expect(asked).toBe(1);
  });

  it("takes a message of exactly the limit, and none at the limit 0 but the empty one", async () => {
    const pieces = [prefixLength(Buffer.from("abc")), prefixLength(Buffer.alloc(0))];
    const reader = new LengthPrefixedReader(sourceOf(pieces), { maxLength: 3 });
    expect(await readAll(reader)).toEqual([Buffer.from("abc"), Buffer.alloc(0)]);
    await expect(readAll(new LengthPrefixedReader(sourceOf(pieces), { maxLength: 0 }))).rejects.toThrow(
      "it may have 0",
    );
  });

  it("reserves nothing for a length that lies", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const promises = Array.from({ length: 100 }, async () => {
      const [here, there] = memoryStreamPair();
      const reading = new LengthPrefixedReader(there, { maxLength: 0xffff_ffff }).read();
      await here.sendall(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x61]));
      here.shutdown();
      await expect(reading).rejects.toThrow(IncompleteReadError);
    });
    await Promise.all(promises);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 1024 * 1024);
  });
});

describe("LengthPrefixedWriter", () => {
  it("writes to a socket what a reader at its other end reads: two messages that arrive as one are two", async () => {
    const [one, other] = await socketpair();
    await using _one = one;
    await using _other = other;
    const writer = new LengthPrefixedWriter(one);
    await writer.write("Hi!");
    await writer.write(Buffer.from("Hope you're well"));
    const reader = new LengthPrefixedReader(other);
    expect(String(await reader.read())).toBe("Hi!");
    expect(String(await reader.read())).toBe("Hope you're well");
  });

  it("writes to a file", async () => {
    const [one, other] = await socketpair();
    await using _one = one;
    await using _other = other;
    const file = one.makefile("wb");
    await new LengthPrefixedWriter(file).write("größe");
    await file.flush();
    expect(await other.recv(100)).toEqual(Buffer.from("\0\0\0\u0007größe"));
  });

  it("sends nothing of a message that is too long", async () => {
    const sent: Uint8Array[] = [];
    const sink = { sendall: async (data: Uint8Array) => void sent.push(data) };
    const writer = new LengthPrefixedWriter(sink, { maxLength: 3 });
    await expect(writer.write("four")).rejects.toThrow("Cannot write a message of 4 bytes: it may have 3");
    expect(sent).toEqual([]);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN])("refuses %d as maxLength", (maxLength) => {
    expect(() => new LengthPrefixedReader(sourceOf([]), { maxLength })).toThrow(`Cannot use ${maxLength} as maxLength`);
    expect(() => new LengthPrefixedWriter({ sendall: async () => undefined }, { maxLength })).toThrow(RangeError);
  });
});

describe("unprefixLength", () => {
  it("takes the message of a datagram out", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (message) => {
        expect(unprefixLength(prefixLength(message))).toEqual(Buffer.from(message));
      }),
    );
  });

  it.each([
    { what: "one that was cut", bytes: "\0\0\0\u0005abc", error: IncompleteReadError },
    { what: "one without a whole length", bytes: "\0\0\0", error: IncompleteReadError },
    { what: "one with more behind it", bytes: "\0\0\0\u0001abc", error: LimitOverrunError },
  ])("refuses $what", ({ bytes, error }) => {
    expect(() => unprefixLength(Buffer.from(bytes))).toThrow(error);
  });
});
