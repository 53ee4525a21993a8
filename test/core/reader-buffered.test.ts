/** What readers have received and not passed on: taking it without a promise, looking at it, putting it back. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BusyResourceError,
  ClosedResourceError,
  LimitOverrunError,
  OSError,
  TimeoutError,
} from "../../dist/core/errors.js";
import type { ByteReceiver, ByteSource } from "../../dist/core/stream/byte-stream.js";
import { StreamReader } from "../../dist/core/stream/reader.js";
import { type Reader, readerFaces } from "./reader-faces.js";

/** A source that gives these chunks one by one, throws the errors among them, and then is at its end. */
function sourceOf(...steps: (string | Error)[]) {
  const rest = steps.map((step) => (step instanceof Error ? step : Buffer.from(step, "latin1")));
  return {
    recv(size: number): Buffer {
      const step = rest.shift() ?? Buffer.alloc(0);
      if (step instanceof Error) throw step;
      if (step.length > size) rest.unshift(step.subarray(size));
      return Buffer.from(step.subarray(0, size));
    },
  };
}

const latin1 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("latin1");

describe.each(readerFaces)("$name", ({ over }) => {
  const readerOf = (...steps: (string | Error)[]): Reader => over(sourceOf(...steps));

  it("takes lines and bytes that have arrived, and never receives for it", async () => {
    const reader = readerOf("one\ntwo\nthree", " and\nmore");
    expect([reader.buffered, reader.takeLine(), reader.take(1)]).toEqual([0, null, null]);
    expect(latin1(await reader.readline())).toBe("one\n");
    expect(reader.buffered).toBe(9);
    expect(latin1(reader.takeLine())).toBe("two\n");
    expect(reader.takeLine()).toBe(null);
    expect(latin1(reader.take(2))).toBe("th");
    expect([reader.take(4), reader.take(0)?.length]).toEqual([null, 0]);
    expect(latin1(await reader.readline())).toBe("ree and\n");
    expect(latin1(reader.takeBuffered())).toBe("more");
    expect([reader.buffered, reader.takeBuffered().length]).toEqual([0, 0]);
  });

  it("reads first what was put back, also in front of what is there", async () => {
    const reader = readerOf("GET / HTTP\nbody");
    const line = await reader.readline();
    reader.unread(line);
    expect(latin1(await reader.readline())).toBe("GET / HTTP\n");
    reader.unread(Buffer.from("else\n"));
    reader.unread(new Uint8Array());
    expect(reader.buffered).toBe(9);
    expect(latin1(await reader.read())).toBe("else\nbody");
    reader.unread(new TextEncoder().encode("again"));
    expect(latin1(await reader.read())).toBe("again");
  });

  it("peeks at as many bytes as it was asked for, or as there are at the end", async () => {
    const reader = readerOf("a", "bc", "def");
    expect(latin1(await reader.peek())).toBe("a");
    expect(latin1(await reader.peek(2))).toBe("abc");
    expect(latin1(await reader.peek(0))).toBe("abc");
    expect(latin1(await reader.peek(100))).toBe("abcdef");
    expect(latin1(await reader.read())).toBe("abcdef");
    expect((await reader.peek(2)).length).toBe(0);
    const bounded = over(sourceOf("abc"), { maxReadSize: 4 });
    await expect(async () => bounded.peek(5)).rejects.toBeInstanceOf(LimitOverrunError);
    await expect(async () => bounded.peek(-1)).rejects.toBeInstanceOf(RangeError);
    expect(latin1(await bounded.peek(4))).toBe("abc");
  });

  it("refuses a line over the limit and a size that is none", async () => {
    const reader = over(sourceOf("ab\nabcdef"), { maxLineLength: 4 });
    await reader.readline();
    expect(() => reader.takeLine()).toThrow(LimitOverrunError);
    expect(latin1(reader.take(6))).toBe("abcdef");
    for (const size of [-1, 1.5, Number.NaN]) expect(() => reader.take(size)).toThrow(RangeError);
  });

  it("refuses after close(), and after a time-out but for what is to be passed on", async () => {
    const closed = readerOf("a\nb\n");
    await closed.readline();
    await closed.close();
    expect(() => closed.takeLine()).toThrow(ClosedResourceError);
    expect(() => closed.take(1)).toThrow(ClosedResourceError);
    expect(() => closed.unread(Buffer.from("x"))).toThrow(ClosedResourceError);
    expect([closed.buffered, closed.takeBuffered().length]).toEqual([0, 0]);
    const late = readerOf("a\nb\nc", new TimeoutError("timed out", { code: "ETIMEDOUT" }));
    await late.readline();
    await expect(async () => late.read(10)).rejects.toBeInstanceOf(TimeoutError);
    expect(() => late.takeLine()).toThrow(OSError);
    expect(() => late.unread(Buffer.from("x"))).toThrow("cannot read from timed out object");
    expect(latin1(late.takeBuffered())).toBe("b\nc");
  });

  it("agrees with a string, whatever is read, taken, looked at and put back", async () => {
    const call = fc.oneof(
      fc.record({ call: fc.constantFrom("readline", "takeLine", "takeBuffered", "unreadLast") }),
      fc.record({ call: fc.constantFrom("read", "read1", "readexactly", "take", "peek"), size: fc.nat({ max: 12 }) }),
      fc.record({ call: fc.constant("unread"), text: fc.string({ unit: fc.constantFrom("\n", "x"), maxLength: 4 }) }),
    );
    const chunks = fc.array(fc.string({ unit: fc.constantFrom("\n", "a", "b"), minLength: 1, maxLength: 9 }), {
      maxLength: 8,
    });
    const bufferSizes = fc.constantFrom(0, 3, 65_536);
    await fc.assert(
      fc.asyncProperty(chunks, bufferSizes, fc.array(call, { maxLength: 25 }), async (parts, bufferSize, calls) => {
        const reader = over(sourceOf(...parts), { bufferSize });
        let rest = parts.join("");
        let last = "";
        /** A read has returned these bytes, which must be the next. */
        const consume = (bytes: Buffer | null): void => {
          if (bytes === null) return;
          last = latin1(bytes) ?? "";
          expect(rest.startsWith(last)).toBe(true);
          rest = rest.slice(last.length);
        };
        const putBack = (text: string): void => {
          reader.unread(Buffer.from(text));
          rest = text + rest;
        };
        for (const step of calls) {
          const size = "size" in step ? step.size : 0;
          const { buffered } = reader;
          const arrived = rest.slice(0, buffered);
          const before = rest;
          if (step.call === "readline") {
            consume(await reader.readline());
            expect(last).toBe(/^[^\n]*(?:\n|$)/.exec(before)?.[0]);
          } else if (step.call === "read") {
            consume(await reader.read(size));
            expect(last).toBe(before.slice(0, size));
          } else if (step.call === "read1") {
            consume(await reader.read1(size));
            expect(last.length > 0 || size === 0 || before === "").toBe(true);
            expect(last.length).toBeLessThanOrEqual(size);
          } else if (step.call === "readexactly" && size <= rest.length) {
            consume(await reader.readexactly(size));
            expect(last).toBe(before.slice(0, size));
          } else if (step.call === "takeLine") {
            const line = reader.takeLine();
            expect(latin1(line)).toBe(/^[^\n]*\n/.exec(arrived)?.[0] ?? null);
            consume(line);
          } else if (step.call === "take") {
            const bytes = reader.take(size);
            expect(latin1(bytes)).toBe(size <= buffered ? arrived.slice(0, size) : null);
            consume(bytes);
          } else if (step.call === "takeBuffered") {
            const bytes = reader.takeBuffered();
            expect(latin1(bytes)).toBe(arrived);
            consume(bytes);
          } else if (step.call === "peek") {
            const bytes = await reader.peek(size);
            expect(latin1(bytes)).toBe(rest.slice(0, reader.buffered));
            expect(bytes.length).toBeGreaterThanOrEqual(Math.min(size, rest.length));
          } else if (step.call === "unread") {
            putBack("text" in step ? step.text : "");
          } else if (step.call === "unreadLast") {
            putBack(last);
            last = "";
          }
        }
        consume(await reader.read());
        expect(rest).toBe("");
      }),
    );
  });
});

/** A source whose receivers wait until the test answers. */
function heldSource() {
  const waiting: ByteReceiver[] = [];
  const recv = () => Promise.reject(new Error("receive() is there"));
  const source = { recv, receive: (receiver: ByteReceiver) => void waiting.push(receiver) } as ByteSource;
  return { source, waiting, answer: (text: string) => waiting.shift()?.onBytes(Buffer.from(text)) };
}

describe("StreamReader while a read waits", () => {
  it("refuses another one, and the first goes on", async () => {
    const { source, answer } = heldSource();
    const reader = new StreamReader(source);
    const first = reader.readline();
    await expect(reader.read(1)).rejects.toBeInstanceOf(BusyResourceError);
    for (const call of [
      () => reader.takeLine(),
      () => reader.take(1),
      () => reader.takeBuffered(),
      () => reader.unread(Buffer.from("x")),
    ]) {
      expect(call).toThrow(BusyResourceError);
    }
    answer("line\nrest");
    expect(latin1(await first)).toBe("line\n");
    expect(latin1(await reader.read(4))).toBe("rest");
  });

  it("fails it when it is closed and the source answers, and forgets the answer", async () => {
    const { source, answer } = heldSource();
    const reader = new StreamReader(source);
    const waiting = reader.readline();
    expect([reader.closed, reader.readable()]).toEqual([false, true]);
    await reader.close();
    await reader.close();
    expect([reader.closed, reader.readable()]).toEqual([true, false]);
    answer("line\n");
    await expect(waiting).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(reader.readline()).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(reader.read(0)).rejects.toBeInstanceOf(ClosedResourceError);
    expect(reader.takeBuffered()).toHaveLength(0);
  });

  it("asks again while bytes are missing, and for no more than a read needs where it may not read ahead", async () => {
    const { source, waiting, answer } = heldSource();
    const reader = new StreamReader(source, { bufferSize: 0 });
    const reading = reader.readexactly(5);
    expect(waiting[0]?.wanted).toBe(5);
    answer("ab");
    expect(waiting[0]?.wanted).toBe(3);
    answer("cde");
    expect(latin1(await reading)).toBe("abcde");
    expect(waiting).toEqual([]);
  });

  it("resolves it by the arrival itself", async () => {
    const { source, answer } = heldSource();
    const reader = new StreamReader(source);
    const order: string[] = [];
    const reading = reader[Symbol.asyncIterator]()
      .next()
      .then(() => order.push("read"));
    answer("line\n");
    const others = Promise.resolve().then(() => order.push("a microtask later"));
    await Promise.all([reading, others]);
    expect(order).toEqual(["read", "a microtask later"]);
  });

  it("reports a source that throws instead of promising", async () => {
    const thrown = new Error("thrown");
    const reader = new StreamReader({
      recv() {
        throw thrown;
      },
    });
    await expect(reader.readline()).rejects.toBe(thrown);
    await expect(reader.read()).rejects.toBe(thrown);
  });
});

describe("StreamReader gives way", () => {
  /** Calls again and again, and says after how many calls another event was handled. */
  async function callsUntilATurn(call: () => Promise<unknown>): Promise<number> {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let calls = 0;
    while (!turned && calls < 1_000_000) {
      await call().catch(() => undefined);
      calls += 1;
    }
    return calls;
  }

  const full = () => new StreamReader({ recv: async () => Buffer.from("line\n".repeat(1000)) });
  it.each<[string, (reader: StreamReader) => Promise<unknown>]>([
    ["lines that are there", (reader) => reader.readline()],
    ["a loop over lines", (reader) => reader[Symbol.asyncIterator]().next()],
    ["peek()", (reader) => reader.peek()],
    ["read(0)", (reader) => reader.read(0)],
    ["readexactly(0)", (reader) => reader.readexactly(0)],
    ["reads of a wrong size", (reader) => reader.read(1.5)],
  ])("with %s", async (_, call) => {
    const reader = full();
    expect(await callsUntilATurn(() => call(reader))).toBeLessThan(1_000_000);
  });

  it("with reads after close(), and closes", async () => {
    const reader = full();
    await reader.close();
    expect(await callsUntilATurn(() => reader.readline())).toBeLessThan(1_000_000);
    expect(await callsUntilATurn(() => reader.close())).toBeLessThan(1_000_000);
  });
});
