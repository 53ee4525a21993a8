import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BusyResourceError,
  ClosedResourceError,
  ConnectionResetError,
  LimitOverrunError,
  TimeoutError,
} from "../../dist/core/errors.js";
import type { BlockingByteSource } from "../../dist/core/stream/byte-stream.js";
import { StreamReader, type StreamReaderOptions } from "../../dist/core/stream/reader.js";
import {
  BlockingTextWriter,
  type EncodingErrors,
  type Newline,
  TextReader,
  type TextStreamOptions,
  TextWriter,
} from "../../dist/core/stream/text.js";
import { BlockingStreamWriter, StreamWriter } from "../../dist/core/stream/writer.js";
import { PYTHON, python as pythonProgram } from "../clients/programs.js";
import { type AnyTextReader, readerFaces, textOver } from "./reader-faces.js";

type Step = Uint8Array | Error;

/** A source that gives these chunks one by one, throws the errors among them, and then is at its end. */
function sourceOf(steps: readonly Step[]): BlockingByteSource {
  const rest = [...steps];
  return {
    recv() {
      const step = rest.shift() ?? Buffer.alloc(0);
      if (step instanceof Error) throw step;
      return Buffer.from(step);
    },
  };
}

/** Chunks of UTF-8, one for each piece. */
const utf8 = (...pieces: string[]): Buffer[] => pieces.map((piece) => Buffer.from(piece));
/** Chunks of one byte. */
const single = (bytes: Uint8Array): Buffer[] => [...bytes].map((byte) => Buffer.of(byte));

function cut(data: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.filter((place) => place > 0 && place < data.length), data.length])];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => data.subarray(ends[index - 1] ?? 0, end)).filter((chunk) => chunk.length > 0);
}

const text = fc.string({
  unit: fc.constantFrom("\n", "\r", "\r\n", "a", "é", "ਊ", "€", "😀", "\ufeff"),
  maxLength: 30,
});
const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 12 });
const newlines = [null, "", "\n", "\r", "\r\n"] as const satisfies readonly Newline[];

/** What a call throws, at once or as a promise; fails when it does neither. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("It should have failed");
}

describe.each(readerFaces)("text over a $name", ({ over }) => {
  function readerOf(steps: readonly Step[], options?: TextStreamOptions, limits?: StreamReaderOptions): AnyTextReader {
    return textOver(over(sourceOf(steps), limits), options);
  }

  async function linesOf(reader: AsyncIterable<string> | Iterable<string>): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of reader) lines.push(line);
    return lines;
  }

  describe("ends of lines", () => {
    const data = "a\r\nb\rc\nd\r\r\n\n\re";
    it.each<[Newline, string[]]>([
      [null, ["a\n", "b\n", "c\n", "d\n", "\n", "\n", "\n", "e"]],
      ["", ["a\r\n", "b\r", "c\n", "d\r", "\r\n", "\n", "\r", "e"]],
      ["\n", ["a\r\n", "b\rc\n", "d\r\r\n", "\n", "\re"]],
      ["\r", ["a\r", "\nb\r", "c\nd\r", "\r", "\n\n\r", "e"]],
      ["\r\n", ["a\r\n", "b\rc\nd\r\r\n", "\n\re"]],
    ])("with newline %j are Python's, in one chunk and byte by byte", async (newline, lines) => {
      expect(await linesOf(readerOf(utf8(data), { newline }))).toEqual(lines);
      expect(await linesOf(readerOf(single(Buffer.from(data)), { newline }))).toEqual(lines);
      expect(await readerOf(utf8(data), { newline }).readlines()).toEqual(lines);
    });
  });

  describe("reads", () => {
    it("return text, and an empty string at the end", async () => {
      const reader = readerOf(utf8("añb\nc", "d\nrest of", " it"));
      expect(await reader.read(2)).toBe("añ");
      expect(await reader.readline()).toBe("b\n");
      expect(await reader.readline(1)).toBe("c");
      expect(await reader.readline(9)).toBe("d\n");
      expect(await reader.read(0)).toBe("");
      expect(await reader.read()).toBe("rest of it");
      expect([await reader.read(), await reader.readline(), await reader.readlines()]).toEqual(["", "", []]);
    });

    it("never cut a character in two", async () => {
      const reader = readerOf(single(Buffer.from("😀😀a")));
      expect([await reader.read(1), await reader.readline(3), await reader.read(9)]).toEqual(["😀", "😀a", ""]);
    });

    it("stop after the hint of readlines(), and leave the rest", async () => {
      const reader = readerOf(utf8("ab\ncd\nef\n"));
      expect(await reader.readlines(3)).toEqual(["ab\n", "cd\n"]);
      expect(await reader.readlines()).toEqual(["ef\n"]);
    });

    it("refuse a line over the limit and keep its text", async () => {
      const reader = readerOf(utf8("ab", "cde\n"), {}, { maxLineLength: 4 });
      const error = await failureOf(() => reader.readline());
      expect(error).toBeInstanceOf(LimitOverrunError);
      expect(error).toMatchObject({ limit: 4, message: expect.stringContaining("maxLineLength") });
      await expect(async () => reader.readlines()).rejects.toMatchObject({ limit: 4 });
      expect(await reader.readline(10)).toBe("abcde\n");
    });

    it("refuse to read more than maxReadSize to the end and keep the text", async () => {
      const reader = readerOf(utf8("a\n", "b\n", "c\n"), {}, { maxReadSize: 5 });
      await expect(async () => reader.readlines()).rejects.toMatchObject({
        limit: 5,
        message: expect.stringContaining("maxReadSize"),
      });
      await expect(async () => reader.read()).rejects.toMatchObject({ limit: 5 });
      expect(await reader.read(6)).toBe("a\nb\nc\n");
    });

    it("lose nothing when the source fails", async () => {
      const reset = () => new ConnectionResetError("reset", { code: "ECONNRESET" });
      const [first, second] = cut(Buffer.from("a\nb\né\n"), [5]) as [Buffer, Buffer];
      const reader = readerOf([first, reset(), reset(), second]);
      await expect(async () => reader.readlines()).rejects.toBeInstanceOf(ConnectionResetError);
      expect(await reader.readline()).toBe("a\n");
      await expect(async () => reader.read()).rejects.toBeInstanceOf(ConnectionResetError);
      expect(await reader.readlines()).toEqual(["b\n", "é\n"]);
    });
  });

  describe("encodings", () => {
    it.each<[string, number[], string]>([
      ["utf-8", [0xef, 0xbb, 0xbf, 0xc3, 0xa9], "\ufeffé"],
      ["UTF8", [0xc3, 0xa9], "é"],
      ["latin-1", [0x80, 0xe9, 0xff], "\x80éÿ"],
      ["ascii", [0x61], "a"],
      ["utf-16le", [0x3d, 0xd8, 0x00, 0xde, 0x0a, 0x0a], "😀ਊ"],
      ["windows-1252", [0x80], "€"],
      ["shift_jis", [0x82, 0xa0], "あ"],
    ])("%s is decoded, byte by byte too", async (encoding, bytes, expected) => {
      expect(await readerOf([Buffer.from(bytes)], { encoding }).read()).toBe(expected);
      expect(await readerOf(single(Buffer.from(bytes)), { encoding }).read()).toBe(expected);
    });

    it.each<[string, number[]]>([
      ["utf-8", [0x61, 0x0a, 0xff]],
      ["utf-8", [0x61, 0x0a, 0xe2, 0x82]],
      ["ascii", [0x61, 0x0a, 0xe9]],
    ])("bytes that are not %s are an error that says where, now and ever after", async (encoding, bytes) => {
      const reader = readerOf([Buffer.from(bytes.slice(0, 2)), Buffer.from(bytes.slice(2)), Buffer.from("more\n")], {
        encoding,
      });
      expect(await reader.readline()).toBe("a\n");
      const error = await failureOf(() => reader.readline());
      expect(error).toMatchObject({ name: "OSError", code: "EILSEQ" });
      expect(error).toMatchObject({
        message: expect.stringMatching(new RegExp(`bytes [01] to \\d of the stream as ${encoding}`)),
      });
      await expect(async () => reader.readline()).rejects.toBe(error);
    });

    it("are replaced on request", async () => {
      const options = { errors: "replace" } as const;
      expect(await readerOf([Buffer.of(0x61, 0xff, 0x62, 0xe2)], options).read()).toBe("a\ufffdb\ufffd");
      expect(await readerOf([Buffer.of(0x61, 0xff)], { ...options, encoding: "ascii" }).read()).toBe("a\ufffd");
    });

    it("are refused when there is no such encoding, errors or newline", () => {
      expect(() => readerOf([], { encoding: "klingon" })).toThrow(/"klingon"/);
      expect(() => readerOf([], { errors: "ignore" as EncodingErrors })).toThrow(RangeError);
      expect(() => readerOf([], { newline: "x" as Newline })).toThrow(RangeError);
    });
  });

  describe("however the bytes are cut into chunks", () => {
    it("gives the same lines in every encoding", async () => {
      const encodings = fc.constantFrom("utf-8", "utf-16le");
      await fc.assert(
        fc.asyncProperty(
          text,
          cuts,
          encodings,
          fc.constantFrom(...newlines),
          async (data, places, encoding, newline) => {
            const bytes = Buffer.from(data, encoding === "utf-8" ? "utf8" : "utf16le");
            const reader = () => readerOf(cut(bytes, places), { encoding, newline });
            const whole = await linesOf(readerOf(bytes.length > 0 ? [bytes] : [], { encoding, newline }));
            expect(whole.join("")).toBe(newline === null ? data.replace(/\r\n?/g, "\n") : data);
            expect(await linesOf(reader())).toEqual(whole);
            expect(await reader().readlines()).toEqual(whole);
            expect(await reader().read()).toBe(whole.join(""));
          },
        ),
      );
    });
  });

  describe(`with Python's io.TextIOWrapper${pythonProgram.reason}`, () => {
    it.skipIf(pythonProgram.missing)("return the same for every newline and every sequence of reads", async () => {
      const calls = fc.array(
        fc.tuple(fc.constantFrom("read", "readline", "readlines"), fc.integer({ min: -1, max: 9 })),
        { maxLength: 5 },
      );
      // Without characters that count 2 here and 1 in Python.
      const plain = text.map((data) => data.replaceAll("😀", "x"));
      const cases = fc.sample(fc.tuple(plain, fc.constantFrom(...newlines), calls, cuts), { numRuns: 400, seed: 9999 });
      const program = [
        "import io, json, sys",
        "def run(data, newline, calls):",
        "    f = io.TextIOWrapper(io.BytesIO(data.encode()), encoding='utf-8', newline=newline)",
        "    return [getattr(f, name)(size) for name, size in calls] + [f.readlines()]",
        "print(json.dumps([run(data, newline, calls) for data, newline, calls, _ in json.load(sys.stdin)]))",
      ].join("\n");
      const python = spawnSync(PYTHON, ["-c", program], { input: JSON.stringify(cases), encoding: "utf8" });
      expect(python.stderr).toBe("");

      const results = [];
      for (const [data, newline, sequence, places] of cases) {
        const reader = readerOf(cut(Buffer.from(data), places), { newline });
        const answers = [];
        for (const [name, size] of sequence)
          answers.push(await reader[name as "read" | "readline" | "readlines"](size));
        results.push([...answers, await reader.readlines()]);
      }
      expect(results).toEqual(JSON.parse(python.stdout));
    });
  });

  it("passes on text that had arrived, also after a time-out", async () => {
    const reader = readerOf([...utf8("a\nb\nc"), new TimeoutError("timed out", { code: "ETIMEDOUT" })]);
    expect(await reader.readline()).toBe("a\n");
    await expect(async () => reader.read(9)).rejects.toBeInstanceOf(TimeoutError);
    expect(await reader.readline()).toBe("b\n");
    await expect(async () => reader.readline()).rejects.toThrow("cannot read from timed out object");
    expect(await reader.read(1)).toBe("c");
  });
});

describe("TextReader while it waits", () => {
  it("ends a line at a return without waiting for what follows, by default", async () => {
    const never = new Promise<Buffer>(() => undefined);
    const steps = [Buffer.from("line\r")];
    const source = { recv: () => (steps.length > 0 ? Promise.resolve(steps.shift() as Buffer) : never) };
    expect(await new TextReader(new StreamReader(source)).readline()).toBe("line\n");
  });

  it("reads are refused two at once, after close(), and with half a size", async () => {
    let answer: (chunk: Buffer) => void = () => undefined;
    const recv = () => new Promise<Buffer>((resolve) => (answer = resolve));
    const reader = new TextReader(new StreamReader({ recv }));
    await expect(reader.read(1.5)).rejects.toBeInstanceOf(RangeError);
    const waiting = reader.readline();
    await expect(reader.read()).rejects.toBeInstanceOf(BusyResourceError);
    answer(Buffer.from("line\nrest\n"));
    expect(await waiting).toBe("line\n");
    await reader.close();
    expect([reader.closed, reader.readable()]).toEqual([true, false]);
    await expect(reader.readline()).rejects.toBeInstanceOf(ClosedResourceError);
  });

  it("gives way to other events, also where its lines are there", async () => {
    const reader = new TextReader(new StreamReader({ recv: async () => Buffer.from("line\n".repeat(1000)) }));
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    let lines = 0;
    for await (const line of reader) {
      lines += line.length > 0 ? 1 : 0;
      if (turned || lines === 1_000_000) break;
    }
    expect(turned).toBe(true);
  });
});

/** Either writer of text, which collects nothing. What it returns can be awaited. */
const writerFaces = [
  {
    name: "TextWriter",
    over: (sendall: (data: Uint8Array) => void, options?: TextStreamOptions) =>
      new TextWriter(new StreamWriter({ sendall: async (data) => sendall(data) }, { bufferSize: 0 }), options),
  },
  {
    name: "BlockingTextWriter",
    over: (sendall: (data: Uint8Array) => void, options?: TextStreamOptions) =>
      new BlockingTextWriter(new BlockingStreamWriter({ sendall }), options),
  },
];

describe.each(writerFaces)("$name", ({ over }) => {
  function writerWith(options?: TextStreamOptions) {
    const sent: Buffer[] = [];
    return { sent, writer: over((data) => void sent.push(Buffer.from(data)), options) };
  }

  it.each<[string, string, number[]]>([
    ["utf-8", "é😀", [0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]],
    ["latin1", "é", [0xe9]],
    ["ISO-8859-1", "é", [0xe9]],
    ["ascii", "e", [0x65]],
    ["utf-16-le", "é", [0xe9, 0x00]],
  ])("encodes %s", async (encoding, data, bytes) => {
    const { sent, writer } = writerWith({ encoding });
    expect(await writer.write(data)).toBe(data.length);
    expect(sent).toEqual([Buffer.from(bytes)]);
  });

  it.each<[Newline, string]>([
    [null, "a\nb\r\n"],
    ["", "a\nb\r\n"],
    ["\n", "a\nb\r\n"],
    ["\r", "a\rb\r\r"],
    ["\r\n", "a\r\nb\r\r\n"],
  ])("writes the end of a line as newline %j says", async (newline, expected) => {
    const { sent, writer } = writerWith({ newline });
    expect(await writer.write("a\nb\r\n")).toBe(5);
    expect(String(sent[0])).toBe(expected);
  });

  it.each([
    ["ascii", "aé", "a?"],
    ["latin1", "a😀", "a?"],
    ["utf-8", "a\ud83d", "a\ufffd"],
    ["utf-16le", "a\ud83d", "a\ufffd"],
  ])("has an error or a replacement for what %s lacks", async (encoding, data, replaced) => {
    const strict = writerWith({ encoding });
    const error = await failureOf(() => strict.writer.write(data));
    expect(error).toMatchObject({ code: "EILSEQ", message: expect.stringContaining(`at 1 as ${encoding}`) });
    expect(strict.sent).toEqual([]);
    const { sent, writer } = writerWith({ encoding, errors: "replace" });
    await writer.write(data);
    expect(sent.map((bytes) => bytes.toString(encoding === "utf-16le" ? "utf16le" : "utf8"))).toEqual([replaced]);
  });

  it("refuses encodings that Node.js cannot write", () => {
    expect(() => writerWith({ encoding: "shift_jis" })).toThrow(/"shift_jis".*utf-8, utf-16le, latin1, ascii/);
  });

  it("writes several texts as one, and nothing after close()", async () => {
    const { sent, writer } = writerWith();
    await writer.writelines(["a\n", "b"]);
    await writer.flush();
    expect(sent.map(String)).toEqual(["a\nb"]);
    await writer.close();
    expect([writer.closed, writer.writable()]).toEqual([true, false]);
    await expect(async () => writer.write("c")).rejects.toBeInstanceOf(ClosedResourceError);
  });
});
