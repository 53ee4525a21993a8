import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrokenPipeError, BusyResourceError, ClosedResourceError } from "../../dist/core/errors.js";
import type { ByteSink } from "../../dist/core/stream/byte-stream.js";
import { BlockingStreamWriter, StreamWriter, type StreamWriterOptions } from "../../dist/core/stream/writer.js";
import { within } from "../support/within.js";

/** A sink that takes everything at once, and keeps what each call brought. */
function openSink() {
  const calls: string[] = [];
  const memory: Uint8Array[] = [];
  return {
    calls,
    memory,
    sendall(data: Uint8Array): void {
      memory.push(data);
      calls.push(Buffer.from(data).toString("latin1"));
    },
  };
}

/** A sink whose calls wait until the test lets the oldest of them succeed or fail. */
function heldSink() {
  const calls: string[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  return {
    calls,
    waiting,
    sendall(data: Uint8Array): Promise<void> {
      calls.push(Buffer.from(data).toString("latin1"));
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    release: () => waiting.shift()?.resolve(),
    break: (error: Error) => waiting.shift()?.reject(error),
  };
}

const promising = (sink: { sendall(data: Uint8Array): void }): ByteSink => ({
  sendall: async (data) => sink.sendall(data),
});

/** Lets all happen that can happen by itself. */
const settle = () => new Promise(setImmediate);

const brokenPipe = new BrokenPipeError("broken", { code: "EPIPE" });

/** Either writer. What it returns can be awaited. */
const faces = [
  {
    name: "StreamWriter",
    over: (sink: { sendall(data: Uint8Array): void }, options?: StreamWriterOptions) =>
      new StreamWriter(promising(sink), options),
  },
  {
    name: "BlockingStreamWriter",
    over: (sink: { sendall(data: Uint8Array): void }, options?: StreamWriterOptions) =>
      new BlockingStreamWriter(sink, options),
  },
];

describe.each(faces)("$name", ({ over }) => {
  it("sends each write whole when it collects nothing, and returns the number of bytes", async () => {
    const sink = openSink();
    const writer = over(sink, { bufferSize: 0 });
    expect(await writer.write("wörld\n")).toBe(7);
    expect(await writer.write(Buffer.from([1, 2, 3]))).toBe(3);
    expect(await writer.write(Buffer.alloc(16 * 1024 * 1024 + 1))).toBe(16 * 1024 * 1024 + 1);
    expect(sink.calls.map((call) => call.length)).toEqual([7, 3, 16 * 1024 * 1024 + 1]);
    expect(await writer.write("")).toBe(0);
  });

  it("joins the pieces of writelines(), and copies no large ones", async () => {
    const sink = openSink();
    const writer = over(sink, { bufferSize: 0 });
    await writer.writelines(["a", Buffer.from("b"), "", "ç"]);
    expect(sink.calls).toEqual([Buffer.from("abç").toString("latin1")]);
    await writer.writelines([]);
    const large = Buffer.alloc(1024 * 1024, "x");
    await writer.writelines(["head", "er ", large, " foot", "er"]);
    expect(sink.calls.join("")).toBe(`abÃ§header ${large} footer`);
    expect(sink.memory.some((data) => data.buffer === large.buffer)).toBe(true);
  });

  it("writes nothing where a piece is neither text nor bytes", async () => {
    const sink = openSink();
    const writer = over(sink);
    await expect(async () => writer.writelines(["a", 1 as unknown as string])).rejects.toBeInstanceOf(TypeError);
    await expect(async () => writer.write(undefined as unknown as string)).rejects.toBeInstanceOf(TypeError);
    await writer.close();
    expect(sink.calls.join("")).toBe("");
  });

  it("collects up to its bound, and copies what it collects", async () => {
    const sink = openSink();
    const writer = over(sink, { bufferSize: 8 });
    const memory = Buffer.from("one ");
    expect(await writer.write(memory)).toBe(4);
    memory.write("two");
    await writer.write(memory.subarray(0, 3));
    memory.fill("x");
    await writer.flush();
    await writer.write("large enough");
    await writer.write("and more");
    await writer.write("!");
    await writer.flush();
    expect(sink.calls.join("")).toBe("one twolarge enoughand more!");
    expect(sink.calls[0]).toBe("one two");
  });

  it("flushes once when it is closed, and refuses what comes after", async () => {
    const sink = openSink();
    const writer = over(sink, { bufferSize: 10 });
    await writer.write("abc");
    expect([writer.closed, writer.writable()]).toEqual([false, true]);
    await writer.close();
    await writer.close();
    expect([writer.closed, writer.writable()]).toEqual([true, false]);
    for (const call of [() => writer.write("d"), () => writer.writelines([]), () => writer.flush()]) {
      await expect(async () => call()).rejects.toBeInstanceOf(ClosedResourceError);
    }
    expect(sink.calls).toEqual(["abc"]);
  });

  it("reports the error of the flush once when it is closed, and is closed", async () => {
    const sendall = () => {
      throw brokenPipe;
    };
    const writer = over({ sendall }, { bufferSize: 10 });
    await writer.write("abc");
    await expect(async () => writer.close()).rejects.toBe(brokenPipe);
    await writer.close();
    expect(writer.closed).toBe(true);
  });

  it.each([-1, 1.5, Number.NaN])("refuses the bound %s", (bufferSize) => {
    expect(() => over(openSink(), { bufferSize })).toThrow(RangeError);
  });

  it("sends the same bytes in the same order for any bound and any writes, awaited or not", async () => {
    const text = fc.string({ maxLength: 12 });
    const writes = fc.array(
      fc.record({
        pieces: fc.array(
          fc.oneof(
            text,
            fc.nat({ max: 40_000 }).map((length) => "y".repeat(length)),
          ),
          { maxLength: 3 },
        ),
        joined: fc.boolean(),
        awaited: fc.boolean(),
        flushed: fc.boolean(),
      }),
      { maxLength: 20 },
    );
    const bounds = fc.oneof(fc.nat({ max: 20 }), fc.constant(65_536));
    await fc.assert(
      fc.asyncProperty(bounds, writes, async (bufferSize, calls) => {
        const sink = openSink();
        const writer = over(sink, { bufferSize });
        const pending: unknown[] = [];
        for (const { pieces, joined, awaited, flushed } of calls) {
          const last = joined ? writer.writelines(pieces) : pieces.map((piece) => writer.write(piece)).at(-1);
          pending.push(last);
          if (awaited) await last;
          if (flushed) pending.push(writer.flush());
        }
        await writer.close();
        await Promise.all(pending);
        const all = Buffer.from(calls.flatMap(({ pieces }) => pieces).join(""));
        expect(sink.calls.join("") === all.toString("latin1")).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("StreamWriter without a bound", () => {
  it("waits until the sink has taken the bytes", async () => {
    const sink = heldSink();
    let done = false;
    const writing = new StreamWriter(sink, { bufferSize: 0 }).write("a").then(() => (done = true));
    await settle();
    expect([sink.calls, done]).toEqual([["a"], false]);
    sink.release();
    await writing;
    expect(done).toBe(true);
  });

  it("keeps the order of writes that nothing awaits, one sendall at a time", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 0 });
    const writes = [writer.write("a"), writer.write("bc"), writer.write("d")];
    const flushed = writer.flush();
    expect(sink.calls).toEqual(["a"]);
    sink.release();
    await settle();
    expect(sink.calls).toEqual(["a", "bc"]);
    sink.release();
    await settle();
    sink.release();
    await Promise.all([...writes, flushed]);
    expect(sink.calls).toEqual(["a", "bc", "d"]);
  });

  it("fails what waits behind a write that failed, and sends nothing after the gap", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 0 });
    const writes = [writer.write("a"), writer.write("b"), writer.write("c"), writer.flush()];
    sink.break(brokenPipe);
    for (const result of await Promise.allSettled(writes)) expect(result).toMatchObject({ reason: brokenPipe });
    await expect(writer.write("d")).rejects.toBe(brokenPipe);
    expect(sink.calls).toEqual(["a"]);
  });

  it("waits in close() for writes that nothing awaits", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 0 });
    const writing = writer.write("a");
    let closed = false;
    const closing = writer.close().then(() => (closed = true));
    await settle();
    expect(closed).toBe(false);
    sink.release();
    await Promise.all([writing, closing]);
  });
});

describe("StreamWriter with a bound", () => {
  it("resolves at once while its bytes fit, and sends them together when the turn ends", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink);
    await writer.write("a");
    await writer.write("b");
    expect(sink.calls).toEqual([]);
    await settle();
    expect(sink.calls).toEqual(["ab"]);
    sink.release();
  });

  it("makes a write wait while the sink takes nothing, and not before its bound is reached", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 4 });
    await writer.write("abcd");
    await writer.write("efgh");
    let done = false;
    const waiting = writer.write("i").then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    while (!done) {
      sink.release();
      await settle();
    }
    await waiting;
    expect(sink.calls.join("")).toBe("abcdefghi");
  });

  it("reports what collected bytes have failed with to the next calls", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink);
    await writer.write("abcd");
    await settle();
    sink.break(brokenPipe);
    await settle();
    await expect(writer.write("ef")).rejects.toBe(brokenPipe);
    await expect(writer.flush()).rejects.toBe(brokenPipe);
    await expect(writer.close()).rejects.toBe(brokenPipe);
    await writer.close();
    expect(sink.calls).toEqual(["abcd"]);
  });

  it("leaves the bytes that are being sent alone when more are collected", async () => {
    const sent: Uint8Array[] = [];
    const held = heldSink();
    const sendall = (data: Uint8Array) => {
      sent.push(data);
      return held.sendall(data);
    };
    const writer = new StreamWriter({ sendall });
    await writer.write("abcd");
    const flushing = writer.flush();
    await writer.write("wxyz");
    expect(sent.map((data) => Buffer.from(data).toString())).toEqual(["abcd"]);
    held.release();
    await flushing;
  });

  it("leaves the error of close() unhandled where the first caller does not look at it, whatever closes after it", async () => {
    const writer = new StreamWriter({ sendall: () => Promise.reject(brokenPipe) }, { bufferSize: 10 });
    await writer.write("abc");
    // The test runner's own listeners would take it for an error of the test.
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    try {
      const unhandled = within(2, "the rejection", once(process, "unhandledRejection"));
      void writer.close();
      await writer.close();
      expect((await unhandled)[0]).toBe(brokenPipe);
    } finally {
      for (const listener of listeners) process.on("unhandledRejection", listener);
    }
  });

  it("refuses no piece of one call, whatever its size and however slow the sink", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 0 });
    const large = Buffer.alloc(20 * 1024 * 1024);
    let done = false;
    const writing = writer.writelines(["a", large, large, "b", large]).then(() => (done = true));
    while (!done) {
      sink.release();
      await settle();
    }
    await writing;
    expect(sink.calls.map((call) => call.length)).toEqual([1, large.length, large.length, 1, large.length]);
  });

  it("bounds writes that nothing awaits", async () => {
    const writer = new StreamWriter({ sendall: () => new Promise(() => undefined) });
    let refused: unknown = null;
    let accepted = 0;
    while (refused === null && accepted < 100_000) {
      writer.write("x".repeat(1000)).catch((error: unknown) => {
        refused = error;
      });
      accepted += 1;
      if (accepted % 1000 === 0) await settle();
    }
    expect(refused).toBeInstanceOf(BusyResourceError);
    expect(accepted).toBeLessThan(20_000);
  });
});

describe("StreamWriter gives way", () => {
  it.each<[string, (writer: StreamWriter) => Promise<unknown>]>([
    ["empty writes", (writer) => writer.write("")],
    ["writes", (writer) => writer.write("x")],
    ["flush()", (writer) => writer.flush()],
    ["writelines([])", (writer) => writer.writelines([])],
    ["refused writes", (writer) => writer.write(1 as unknown as string)],
  ])("with %s", async (_, call) => {
    const writer = new StreamWriter(promising(openSink()));
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let calls = 0;
    for (; !turned && calls < 1_000_000; calls++) await call(writer).catch(() => undefined);
    expect(turned).toBe(true);
    await writer.close();
    turned = false;
    setImmediate(() => {
      turned = true;
    });
    for (calls = 0; !turned && calls < 1_000_000; calls++) await call(writer).catch(() => undefined);
    expect(turned).toBe(true);
  });
});
