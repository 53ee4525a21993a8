import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrokenPipeError, BusyResourceError, ClosedResourceError } from "../../dist/core/errors.js";
import type { ByteSink } from "../../dist/core/stream/byte-stream.js";
import { StreamWriter } from "../../dist/core/stream/writer.js";
import { within } from "../support/within.js";

/** A sink that takes everything at once, and keeps what each call brought. */
function openSink(): ByteSink & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async sendall(data) {
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

/** Lets all happen that can happen by itself. */
const settle = () => new Promise(setImmediate);

const brokenPipe = new BrokenPipeError("broken", { code: "EPIPE" });

describe("StreamWriter without a buffer", () => {
  it("sends each write whole and returns the number of bytes", async () => {
    const sink = openSink();
    const writer = new StreamWriter(sink);
    expect(await writer.write("wörld\n")).toBe(7);
    expect(await writer.write(Buffer.from([1, 2, 3]))).toBe(3);
    expect(await writer.write("")).toBe(0);
    expect(await writer.write(Buffer.alloc(16 * 1024 * 1024 + 1))).toBe(16 * 1024 * 1024 + 1);
    expect(sink.calls.map((call) => call.length)).toEqual([7, 3, 16 * 1024 * 1024 + 1]);
  });

  it("waits until the sink has taken the bytes", async () => {
    const sink = heldSink();
    let done = false;
    const writing = new StreamWriter(sink).write("a").then(() => (done = true));
    await settle();
    expect([sink.calls, done]).toEqual([["a"], false]);
    sink.release();
    await writing;
    expect(done).toBe(true);
  });

  it("keeps the order of writes that nobody awaits, one sendall at a time", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink);
    const writes = [writer.write("a"), writer.writelines(["b", "c"]), writer.write("d")];
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

  it("fails what waits behind a write that failed and sends none of it, then goes on", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink);
    const writes = [writer.write("a"), writer.write("b"), writer.write("c")];
    sink.break(brokenPipe);
    for (const result of await Promise.allSettled(writes)) expect(result).toMatchObject({ reason: brokenPipe });
    expect(sink.calls).toEqual(["a"]);
    const later = writer.write("d");
    sink.release();
    expect(await later).toBe(1);
    expect(sink.calls).toEqual(["a", "d"]);
  });

  it("refuses a write when more than maxQueueSize waits unawaited", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { maxQueueSize: 259 });
    const writes = [writer.write("sent"), writer.write("ab"), writer.write("cd")];
    await expect(writer.write("e")).rejects.toBeInstanceOf(BusyResourceError);
    for (const write of writes) {
      sink.release();
      await write;
      await settle();
    }
    const later = writer.write("f");
    sink.release();
    expect(await later).toBe(1);
    expect(sink.calls).toEqual(["sent", "ab", "cd", "f"]);
  });
});

describe("StreamWriter with a buffer", () => {
  it("collects up to bufferSize bytes, then flushes", async () => {
    const sink = openSink();
    const writer = new StreamWriter(sink, { bufferSize: 4 });
    expect(await writer.write("ab")).toBe(2);
    expect(await writer.write("cd")).toBe(2);
    expect(sink.calls).toEqual([]);
    await writer.write("e");
    expect(sink.calls).toEqual(["abcd"]);
    await writer.write("large enough");
    expect(sink.calls).toEqual(["abcd", "e", "large enough"]);
    await writer.flush();
    expect(sink.calls).toHaveLength(3);
  });

  it("copies, so that the caller may use the memory again", async () => {
    const sink = openSink();
    const writer = new StreamWriter(sink, { bufferSize: 100 });
    const memory = Buffer.from("one ");
    await writer.write(memory);
    memory.write("two ");
    await writer.write(memory);
    memory.fill("x");
    await writer.flush();
    expect(sink.calls).toEqual(["one two "]);
  });

  it("leaves the bytes that are being sent alone when more are collected", async () => {
    const sent: Uint8Array[] = [];
    const held = heldSink();
    const sendall = (data: Uint8Array) => {
      sent.push(data);
      return held.sendall(data);
    };
    const writer = new StreamWriter({ sendall }, { bufferSize: 4 });
    await writer.write("abcd");
    const flushing = writer.flush();
    await writer.write("wxyz");
    expect(sent.map((data) => Buffer.from(data).toString())).toEqual(["abcd"]);
    held.release();
    await flushing;
  });

  it("sends nothing after a gap: what was collected is dropped when sending fails", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink, { bufferSize: 4 });
    await writer.write("abcd");
    const failing = writer.write("ef");
    sink.break(brokenPipe);
    await expect(failing).rejects.toBe(brokenPipe);
    await writer.close();
    expect(sink.calls).toEqual(["abcd"]);
  });

  it("sends the same bytes in the same order for any buffer and any writes, awaited or not", async () => {
    const writes = fc.array(fc.tuple(fc.string({ maxLength: 12 }), fc.boolean()), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 10 }), writes, async (bufferSize, pieces) => {
        const sink = openSink();
        const writer = new StreamWriter(sink, { bufferSize });
        const pending: Promise<number>[] = [];
        for (const [piece, awaited] of pieces) {
          const writing = writer.write(piece);
          pending.push(writing);
          if (awaited) await writing;
        }
        await writer.close();
        const lengths = await Promise.all(pending);
        expect(lengths).toEqual(pieces.map(([piece]) => Buffer.byteLength(piece)));
        const all = Buffer.from(pieces.map(([piece]) => piece).join(""));
        expect(sink.calls.join("")).toBe(all.toString("latin1"));
      }),
    );
  });
});

describe("StreamWriter.close", () => {
  it("flushes once, and refuses what comes after", async () => {
    const sink = openSink();
    const writer = new StreamWriter(sink, { bufferSize: 10 });
    await writer.write("abc");
    expect([writer.closed, writer.writable()]).toEqual([false, true]);
    await Promise.all([writer.close(), writer.close()]);
    expect([writer.closed, writer.writable()]).toEqual([true, false]);
    expect(sink.calls).toEqual(["abc"]);
    await expect(writer.write("d")).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(writer.writelines([])).rejects.toBeInstanceOf(ClosedResourceError);
    await expect(writer.flush()).rejects.toBeInstanceOf(ClosedResourceError);
    expect(sink.calls).toEqual(["abc"]);
  });

  it("waits for writes that nobody awaited", async () => {
    const sink = heldSink();
    const writer = new StreamWriter(sink);
    const writing = writer.write("a");
    let closed = false;
    const closing = writer.close().then(() => (closed = true));
    await settle();
    expect(closed).toBe(false);
    sink.release();
    await Promise.all([writing, closing]);
  });

  it("reports the error of the flush once, and is closed", async () => {
    const writer = new StreamWriter({ sendall: () => Promise.reject(brokenPipe) }, { bufferSize: 10 });
    await writer.write("abc");
    await expect(writer.close()).rejects.toBe(brokenPipe);
    await writer.close();
    expect(writer.closed).toBe(true);
  });

  it("leaves the error unhandled where the first caller does not look at it, whoever closes after it", async () => {
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
});

it.each([
  { bufferSize: -1 },
  { bufferSize: 1.5 },
  { maxQueueSize: -1 },
])("StreamWriter refuses the options %o", (options) => {
  expect(() => new StreamWriter(openSink(), options)).toThrow(RangeError);
});
