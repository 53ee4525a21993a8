import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClosedResourceError,
  ConnectionResetError,
  IncompleteReadError,
  LimitOverrunError,
  OSError,
  TimeoutError,
} from "../../dist/core/errors.js";
import type { StreamReaderOptions } from "../../dist/core/stream/reader.js";
import { PYTHON, python as pythonProgram } from "../clients/programs.js";
import { type Reader, readerFaces } from "./reader-faces.js";

/** A source that gives these chunks one by one, throws the errors among them, and then is at its end. */
function sourceOf(...steps: (string | Uint8Array | Error)[]) {
  const rest = steps.map((step) => (typeof step === "string" ? Buffer.from(step, "latin1") : step));
  const sizes: number[] = [];
  return {
    sizes,
    recv(size: number): Buffer {
      sizes.push(size);
      const step = rest.shift();
      if (step instanceof Error) throw step;
      if (step === undefined) return Buffer.alloc(0);
      if (step.length > size) rest.unshift(step.subarray(size));
      return Buffer.from(step.subarray(0, size));
    },
  };
}

async function textOf(bytes: Buffer | Promise<Buffer>): Promise<string> {
  return (await bytes).toString("latin1");
}

/** What a call throws, at once or as a promise; fails when it does neither. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("It should have failed");
}

/** Bytes in which the interesting ones are frequent. */
const bytes = fc.string({ unit: fc.constantFrom("\n", "\r", "a", "b", "\0", "\xff"), maxLength: 60 });
const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 12 });

/** Cuts the bytes at these places, into chunks that are not empty. */
function cut(data: string, places: readonly number[]): string[] {
  const ends = [...new Set([...places.filter((place) => place > 0 && place < data.length), data.length])];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => data.slice(ends[index - 1] ?? 0, end)).filter((chunk) => chunk !== "");
}

const bufferSize = fc.constantFrom(0, 1, 3, 65_536);

describe.each(readerFaces)("$name", ({ over }) => {
  const readerOf = (...steps: (string | Uint8Array | Error)[]): Reader => over(sourceOf(...steps));

  const lines = (reader: Reader): AsyncIterable<Buffer> | Iterable<Buffer> => reader;

  async function nextLine(reader: Reader): Promise<Buffer | null> {
    for await (const line of lines(reader)) return line;
    return null;
  }

  async function linesOf(reader: Reader): Promise<string[]> {
    const found: string[] = [];
    for await (const line of lines(reader)) found.push(line.toString("latin1"));
    return found;
  }

  describe("readline()", () => {
    it("returns lines with their newline, the last one without, then empty Buffers", async () => {
      const reader = readerOf("one\ntw", "o\n\nlast");
      const lines = [];
      for (let index = 0; index < 6; index++) lines.push(await textOf(reader.readline()));
      expect(lines).toEqual(["one\n", "two\n", "\n", "last", "", ""]);
    });

    it("returns at most size bytes and leaves the rest", async () => {
      const reader = readerOf("abcdef\ngh");
      expect(await textOf(reader.readline(0))).toBe("");
      expect(await textOf(reader.readline(4))).toBe("abcd");
      expect(await textOf(reader.readline(3))).toBe("ef\n");
      expect(await textOf(reader.readline(5))).toBe("gh");
    });

    it("does not ask the source while a line is buffered", async () => {
      const source = sourceOf("a\nb\nc\n");
      const reader = over(source);
      for (let index = 0; index < 3; index++) await reader.readline();
      expect(source.sizes).toEqual([65_536]);
    });

    it("never writes over a line that it has returned", async () => {
      const reader = readerOf("first\nsec", "ond\nth", "ird\nfourth", "\n");
      const kept = [await reader.readline(), await reader.readline(), await reader.readline(), await reader.readline()];
      expect(kept.map(String)).toEqual(["first\n", "second\n", "third\n", "fourth\n"]);
    });

    it("takes a line of exactly maxLineLength bytes, with or without a newline at the end of the stream", async () => {
      const reader = over(sourceOf("abc\nde", "fg"), { maxLineLength: 4 });
      expect(await textOf(reader.readline())).toBe("abc\n");
      expect(await textOf(reader.readline())).toBe("defg");
    });

    it.each([
      ["in one chunk", ["abcd\nx"]],
      ["byte by byte", [..."abcd\nx"]],
    ])("refuses a longer line that comes %s, names limit and remedy, and keeps the bytes", async (_, chunks) => {
      const reader = over(sourceOf(...chunks), { maxLineLength: 4 });
      const error = await failureOf(() => reader.readline());
      expect(error).toBeInstanceOf(LimitOverrunError);
      expect(error).toMatchObject({
        limit: 4,
        code: "EMSGSIZE",
        message: expect.stringMatching(/4 bytes.*maxLineLength/),
      });
      expect(await failureOf(() => nextLine(reader))).toBeInstanceOf(LimitOverrunError);
      expect(await textOf(reader.readline(5))).toBe("abcd\n");
      expect(await textOf(reader.readline())).toBe("x");
    });

    it("has 64 KiB as its default limit, and stops receiving one chunk after it", async () => {
      const source = { received: 0, recv: (size: number) => Buffer.alloc(size, "x").subarray(0, count(size)) };
      function count(size: number): number {
        source.received += Math.min(size, 1000);
        return Math.min(size, 1000);
      }
      expect(await failureOf(() => over(source).readline())).toMatchObject({ limit: 65_536 });
      expect(source.received).toBeLessThanOrEqual(65_536 + 1000);
    });

    it("searches no byte twice when a long line comes byte by byte", async () => {
      const searched: number[] = [];
      const indexOf = Buffer.prototype.indexOf;
      Buffer.prototype.indexOf = function (this: Buffer, value: never, from?: never) {
        searched.push(this.length - Number(from ?? 0));
        return indexOf.call(this, value, from);
      } as typeof indexOf;
      try {
        await readerOf(...Array<string>(2000).fill("x"), "\n").readline();
      } finally {
        Buffer.prototype.indexOf = indexOf;
      }
      expect(searched.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(2001);
    });
  });

  describe("the other reads", () => {
    it("read() returns exactly size bytes, and fewer only at the end", async () => {
      const reader = readerOf("ab", "cde", "f");
      expect(await textOf(reader.read(4))).toBe("abcd");
      expect(await textOf(reader.read(0))).toBe("");
      expect(await textOf(reader.read(10))).toBe("ef");
      expect(await textOf(reader.read(10))).toBe("");
    });

    it("read() without a size returns everything, up to maxReadSize", async () => {
      expect(await textOf(readerOf("ab", "\n", "cd").read())).toBe("ab\ncd");
      expect(await textOf(over(sourceOf("ab", "cd"), { maxReadSize: 4 }).read())).toBe("abcd");
      const reader = over(sourceOf("ab", "cd", "e"), { maxReadSize: 4 });
      expect(await failureOf(() => reader.read())).toMatchObject({
        limit: 4,
        message: expect.stringContaining("maxReadSize"),
      });
      expect(await textOf(reader.read(5))).toBe("abcde");
    });

    it("read1() returns what is there after one receive", async () => {
      const reader = readerOf("abc", "def");
      expect(await textOf(reader.read1())).toBe("abc");
      expect(await textOf(reader.read1(2))).toBe("de");
      expect(await textOf(reader.read1(2))).toBe("f");
      expect(await textOf(reader.read1())).toBe("");
    });

    it("peek() leaves the bytes to the next read", async () => {
      const reader = readerOf("abc");
      expect(await textOf(reader.peek())).toBe("abc");
      expect(await textOf(reader.read(2))).toBe("ab");
      expect(await textOf(reader.peek())).toBe("c");
      expect(await textOf(reader.read())).toBe("c");
      expect(await textOf(reader.peek())).toBe("");
    });

    it("readexactly() throws with what had arrived when the stream ends before", async () => {
      const reader = readerOf("abc", "de");
      expect(await textOf(reader.readexactly(2))).toBe("ab");
      const error = await failureOf(() => reader.readexactly(4));
      expect(error).toBeInstanceOf(IncompleteReadError);
      expect(error).toMatchObject({ partial: Buffer.from("cde"), expected: 4 });
      expect(await textOf(reader.read())).toBe("");
    });

    it("readuntil() finds a separator that spans chunks", async () => {
      const reader = readerOf("GET /\r", "\n\r", "\nbody\r\n");
      expect(await textOf(reader.readuntil("\r\n\r\n"))).toBe("GET /\r\n\r\n");
      expect(await textOf(reader.readuntil(Buffer.from("\r\n")))).toBe("body\r\n");
    });

    it("readuntil() throws with what had arrived at the end, and at the limit", async () => {
      const error = await failureOf(() => readerOf("no end").readuntil(";"));
      expect(error).toBeInstanceOf(IncompleteReadError);
      expect(error).toMatchObject({ partial: Buffer.from("no end"), expected: null });
      const reader = over(sourceOf("abcd", "e;"), { maxLineLength: 4 });
      expect(await failureOf(() => reader.readuntil(";"))).toBeInstanceOf(LimitOverrunError);
      expect(await textOf(reader.read())).toBe("abcde;");
      expect(await failureOf(() => readerOf("a").readuntil(""))).toBeInstanceOf(RangeError);
    });

    it("readlines() keeps what it had read when the source fails", async () => {
      const reader = readerOf("a\nb\nc", new ConnectionResetError("reset", { code: "ECONNRESET" }), "d\n");
      expect(await failureOf(() => reader.readlines())).toBeInstanceOf(ConnectionResetError);
      expect((await reader.readlines()).map(String)).toEqual(["a\n", "b\n", "cd\n"]);
    });

    it("readlines() is bounded by the lines and by all of them together", async () => {
      const long = over(sourceOf("a\nbcde\n"), { maxLineLength: 4 });
      expect(await failureOf(() => long.readlines())).toMatchObject({ limit: 4 });
      const many = over(sourceOf("a\nb\n", "c\n"), { maxReadSize: 5 });
      expect(await failureOf(() => many.readlines())).toMatchObject({ limit: 5 });
      expect(await textOf(many.read(6))).toBe("a\nb\nc\n");
    });

    it("iterates over the lines, and a loop left early leaves the rest", async () => {
      const reader = readerOf("a\nb", "\nc\nd");
      for await (const line of lines(reader)) if (line.toString() === "b\n") break;
      expect(await linesOf(reader)).toEqual(["c\n", "d"]);
    });

    it("takes nothing more from the source than it returns when bufferSize is 0", async () => {
      const source = sourceOf("ab\ncdefgh");
      const reader = over(source, { bufferSize: 0 });
      expect(await textOf(reader.readline())).toBe("ab\n");
      expect(await textOf(reader.readexactly(3))).toBe("cde");
      expect(source.sizes).toEqual([1, 1, 1, 3]);
      expect(source.recv(10).toString()).toBe("fgh");
    });

    it.each([1.5, Number.NaN])("refuses the size %s", async (size) => {
      const reads = ["read", "read1", "readline", "readlines", "readexactly"] as const;
      for (const name of reads) expect(await failureOf(() => readerOf("abc")[name](size))).toBeInstanceOf(RangeError);
    });

    it.each<StreamReaderOptions>([
      { bufferSize: -1 },
      { maxLineLength: 0 },
      { maxReadSize: 0.5 },
    ])("refuses the options %o", (options) => {
      expect(() => over(sourceOf(), options)).toThrow(RangeError);
    });
  });

  describe("when something is in the way", () => {
    it("loses no byte that had arrived when the source fails", async () => {
      const reader = readerOf("hel", new ConnectionResetError("reset", { code: "ECONNRESET" }), "lo\n");
      expect(await failureOf(() => reader.readline())).toBeInstanceOf(ConnectionResetError);
      expect(await textOf(reader.readline())).toBe("hello\n");
    });

    it("refuses every read after one has timed out, even of buffered lines", async () => {
      const reader = readerOf("a\nb\nc", new TimeoutError("timed out", { code: "ETIMEDOUT" }), "d\n");
      expect(await textOf(reader.readline())).toBe("a\n");
      expect(await failureOf(() => reader.readexactly(9))).toBeInstanceOf(TimeoutError);
      const error = await failureOf(() => reader.readline());
      expect(error).toBeInstanceOf(OSError);
      expect(error).not.toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ message: "cannot read from timed out object" });
      expect(await failureOf(() => nextLine(reader))).toMatchObject({ message: "cannot read from timed out object" });
    });

    it("forgets buffered bytes on close()", async () => {
      const reader = readerOf("a\nb\n");
      await reader.readline();
      await reader.close();
      expect(await failureOf(() => reader.readline())).toBeInstanceOf(ClosedResourceError);
    });
  });

  describe("however the bytes are cut into chunks", () => {
    it("gives the same lines", async () => {
      await fc.assert(
        fc.asyncProperty(bytes, cuts, bufferSize, async (data, places, size) => {
          const expected = data.match(/[^\n]*\n|[^\n]+$/g) ?? [];
          const reader = () => over(sourceOf(...cut(data, places)), { bufferSize: size });
          expect(await linesOf(reader())).toEqual(expected);
          expect((await reader().readlines()).map((line: Buffer) => line.toString("latin1"))).toEqual(expected);
        }),
      );
    });

    it("gives the same exact reads", async () => {
      const lengths = fc.array(fc.nat({ max: 9 }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(bytes, cuts, bufferSize, lengths, async (data, places, size, wanted) => {
          const reader = over(sourceOf(...cut(data, places)), { bufferSize: size });
          let at = 0;
          for (const length of wanted) {
            const read = async () => reader.readexactly(length);
            const bytes = await read().catch((error: IncompleteReadError) => error.partial);
            expect(bytes.toString("latin1")).toBe(data.slice(at, at + length));
            at += length;
          }
          expect(await textOf(reader.read())).toBe(data.slice(at));
        }),
      );
    });

    it("gives the same reads up to a separator, whatever overlaps with it", async () => {
      const separator = fc.constantFrom("\n", "aa", "aab", "abab", "\r\n");
      const text = fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n"), maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(text, cuts, bufferSize, separator, async (data, places, size, wanted) => {
          const reader = over(sourceOf(...cut(data, places)), { bufferSize: size });
          const pieces = data.split(wanted);
          const last = pieces.pop();
          for (const piece of pieces) expect(await textOf(reader.readuntil(wanted))).toBe(piece + wanted);
          expect(await failureOf(() => reader.readuntil(wanted))).toMatchObject({ partial: Buffer.from(last ?? "") });
        }),
      );
    });
  });

  describe(`with Python's io.BufferedReader${pythonProgram.reason}`, () => {
    it.skipIf(pythonProgram.missing)("return the same for every sequence of reads", async () => {
      const call = fc.tuple(fc.constantFrom("read", "readline", "readlines"), fc.integer({ min: -1, max: 9 }));
      const cases = fc.sample(fc.tuple(bytes, fc.array(call, { maxLength: 6 }), cuts), { numRuns: 400, seed: 9999 });
      const program = [
        "import io, json, sys",
        "def run(data, calls):",
        "    f = io.BufferedReader(io.BytesIO(data.encode('latin1')))",
        "    results = [getattr(f, name)(size) for name, size in calls] + [f.readlines()]",
        "    return [[x.decode('latin1') for x in r] if isinstance(r, list) else r.decode('latin1') for r in results]",
        "print(json.dumps([run(data, calls) for data, calls, _ in json.load(sys.stdin)]))",
      ].join("\n");
      const python = spawnSync(PYTHON, ["-c", program], { input: JSON.stringify(cases), encoding: "utf8" });
      expect(python.stderr).toBe("");

      const results = [];
      for (const [data, calls, places] of cases) {
        const reader = readerOf(...cut(data, places));
        const answers = [];
        for (const [name, size] of [...calls, ["readlines", -1] as const]) {
          const answer = await reader[name as "read" | "readline" | "readlines"](size);
          answers.push(
            Array.isArray(answer) ? answer.map((line) => line.toString("latin1")) : answer.toString("latin1"),
          );
        }
        results.push(answers);
      }
      expect(results).toEqual(JSON.parse(python.stdout));
    });
  });
});
