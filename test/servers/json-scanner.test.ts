import fc from "fast-check";
import { LimitOverrunError } from "ts-socketserver";
import { type JsonLimits, type JsonMessage, JsonReader, JsonScanner, parseJson } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import { cutAt, cuts, sourceOf } from "./cuts.js";

/** What a scanner finds in the pieces. */
function scan(pieces: readonly (string | Uint8Array)[], limits?: JsonLimits): JsonMessage[] {
  const scanner = new JsonScanner(limits);
  const found = pieces.flatMap((piece) => [...scanner.push(Buffer.from(piece))]);
  return [...found, ...scanner.end()];
}

/** The same, with the word "error" for whatever is none. */
function valuesIn(...pieces: (string | Uint8Array)[]): unknown[] {
  return scan(pieces).map((message) => (message.error === null ? message.value : "error"));
}

/** How a value may be written: with blanks or without, but in one line. */
const written = fc.tuple(fc.jsonValue({ maxDepth: 5 }), fc.boolean()).map(([value, blanks]) => {
  const text = JSON.stringify(value);
  return blanks ? JSON.stringify(value, null, " \t").replaceAll("\n", " ") : text;
});

describe("JsonScanner", () => {
  it("finds the same values wherever the bytes are cut, even within a letter, one on each line", () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 8 }), cuts, (texts, places) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(""));
        expect(scan(cutAt(bytes, places))).toEqual(
          texts.map((text) => ({ value: JSON.parse(text), text, error: null })),
        );
      }),
    );
  });

  it("finds the same when each byte comes alone", () => {
    fc.assert(
      fc.property(written, written, (one, other) => {
        const bytes = Buffer.from(`${one} ${other}`);
        const alone = Array.from(bytes, (byte) => Buffer.of(byte));
        expect(scan(alone)).toEqual(scan([bytes]));
        expect(scan(alone)).toHaveLength(2);
      }),
    );
  });

  it("finds the same in whatever it is given, JSON or not, wherever that is cut", () => {
    const unit = fc.constantFrom(...'{}[]"\\,:\n\r\t 0-1.eE', "true", "null", "fals", "é", "\u{1f600}", "x");
    const text = fc.string({ unit, maxLength: 80 });
    fc.assert(
      fc.property(text, cuts, (given, places) => {
        const bytes = Buffer.from(given);
        expect(scan(cutAt(bytes, places))).toEqual(scan([bytes]));
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), cuts, (given, places) => {
        expect(scan(cutAt(Buffer.from(given), places))).toEqual(scan([given]));
      }),
    );
  });

  it("comes to its limits at the same place wherever the bytes are cut", () => {
    const unit = fc.constantFrom(...'{}[]"\n 1x', "true");
    const limits = fc.record({ maxSize: fc.integer({ min: 1, max: 12 }), maxDepth: fc.integer({ min: 1, max: 3 }) });
    const outcome = (pieces: Buffer[], within: JsonLimits): unknown[] => {
      const found: unknown[] = [];
      const scanner = new JsonScanner(within);
      try {
        for (const piece of pieces) for (const message of scanner.push(piece)) found.push(message);
        found.push(...scanner.end());
      } catch (error) {
        found.push(String(error));
      }
      return found;
    };
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), cuts, limits, (given, places, within) => {
        const bytes = Buffer.from(given);
        expect(outcome(cutAt(bytes, places), within)).toEqual(outcome([bytes], within));
      }),
      { numRuns: 1000 },
    );
  });

  it("finds every value in a line that JSON.parse() takes", () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 8 }), (texts) => {
        expect(valuesIn(texts.join(" "))).toEqual(texts.map((text) => JSON.parse(text)));
      }),
    );
  });

  it.each([
    "{}",
    "[[]]",
    '""',
    '"a\\"b\\\\"',
    "true",
    "false",
    "null",
    '{"a":"}"}',
    '["]\\"]"]',
  ])("tells %s as soon as it is whole, without a line's end", (text) => {
    const scanner = new JsonScanner();
    expect([...scanner.push(Buffer.from(text.slice(0, -1)))]).toEqual([]);
    expect([...scanner.push(Buffer.from(text.slice(-1)))]).toEqual([{ value: JSON.parse(text), text, error: null }]);
  });

  it("tells a number when what follows shows that it has ended: a blank, a line's end, another value, or the stream's end", () => {
    const scanner = new JsonScanner();
    expect([...scanner.push(Buffer.from("12"))]).toEqual([]);
    expect([...scanner.push(Buffer.from("3 "))]).toMatchObject([{ value: 123 }]);
    expect([...scanner.push(Buffer.from("-1.5e3\n"))]).toMatchObject([{ value: -1500 }]);
    expect([...scanner.push(Buffer.from("7[]"))]).toMatchObject([{ value: 7 }, { value: [] }]);
    expect([...scanner.push(Buffer.from("8"))]).toEqual([]);
    expect([...scanner.end()]).toMatchObject([{ value: 8 }]);
  });

  it("gives the text as it was written, digits and blanks and all", () => {
    expect(scan([' {"a": 1.0, "b": 12345678901234567890} \n'])).toMatchObject([
      { text: '{"a": 1.0, "b": 12345678901234567890}' },
    ]);
  });

  it.each([
    { what: "a word", line: "hello" },
    { what: "Python's way of writing a dictionary", line: "{'name': 'Johanna'}" },
    { what: "an object that is cut short", line: '{"a": [1' },
    { what: "a string that is cut short", line: '"abc' },
    { what: "a word that is cut short", line: "tru" },
    { what: "a bracket without its partner", line: "}" },
    { what: "brackets of two kinds", line: "[1}" },
    { what: "a control character in a string", line: '"\u0001"' },
    { what: "a number that is none", line: "1-2" },
    { what: "a zero byte", line: "\0" },
  ])("tells of $what once, and goes on with the next line", ({ line }) => {
    expect(valuesIn(`${line}\n{"b": 2}\n`)).toEqual(["error", { b: 2 }]);
    expect(valuesIn(`${line}\r\n{"b": 2}\n`)).toEqual(["error", { b: 2 }]);
    expect(valuesIn(line)).toEqual(["error"]);
  });

  it("says what is wrong", () => {
    expect(scan(["hello\n[1\n"])).toEqual([
      { error: 'Not JSON: a value cannot begin with "h"' },
      { error: "Not JSON: it ended within the value" },
    ]);
  });

  it("tells at once that a value cannot begin so: nobody has to end the line to be told", () => {
    expect([...new JsonScanner().push(Buffer.from("h"))]).toHaveLength(1);
  });

  it("passes over the rest of a bad line, whatever is in it", () => {
    expect(valuesIn("hello {} [1] 2\n3\n")).toEqual(["error", 3]);
  });

  it("refuses what is not UTF-8", () => {
    expect(valuesIn(Buffer.from([0x22, 0xff, 0x22, 0x0a]), "1\n", Buffer.from([0xff, 0x0a]), "2\n")).toEqual([
      "error",
      1,
      "error",
      2,
    ]);
  });

  it("takes nothing at all and blank lines as no values", () => {
    expect(valuesIn("\n \r\n\t\n")).toEqual([]);
    expect(valuesIn()).toEqual([]);
  });

  it("refuses what is nested too deep, without a limit to how deep that is, and goes on with the next line", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}\n`;
    expect(scan([nested(500)])).toMatchObject([{ error: null }]);
    expect(scan([nested(501), "1\n"])).toEqual([
      { error: "Nested more than 500 deep" },
      { value: 1, text: "1", error: null },
    ]);
    expect(scan([nested(100_000), "1\n"])).toMatchObject([{ error: "Nested more than 500 deep" }, { value: 1 }]);
    expect(scan([nested(3)], { maxDepth: 2 })).toEqual([{ error: "Nested more than 2 deep" }]);
  });

  it("holds no more than maxSize bytes of a value, or of a line that is none", () => {
    const limits = { maxSize: 10 };
    expect(scan(['"12345678"\n'], limits)).toMatchObject([{ value: "12345678" }]);
    for (const line of ['"123456789"', "[1,2,3,4,5,6]", "12345678901", "x          "]) {
      expect(() => scan([line], limits)).toThrow(LimitOverrunError);
      expect(() => scan(cutAt(Buffer.from(line), [0.3, 0.6]), limits)).toThrow(LimitOverrunError);
    }
    expect(scan(["     1            2\n"], limits)).toMatchObject([{ value: 1 }, { value: 2 }]);
  });

  it("tells what came before a value that is too long", () => {
    const found: JsonMessage[] = [];
    expect(() => {
      for (const message of new JsonScanner({ maxSize: 3 }).push(Buffer.from("1 [] [1,2]"))) found.push(message);
    }).toThrow(LimitOverrunError);
    expect(found).toMatchObject([{ value: 1 }, { value: [] }]);
  });

  it("keeps a __proto__ as data", () => {
    const [message] = scan(['{"__proto__": {"polluted": true}}']);
    expect(message).toMatchObject({ error: null });
    expect(Object.hasOwn({}, "polluted")).toBe(false);
    expect("polluted" in {}).toBe(false);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %d as a limit", (limit) => {
    expect(() => new JsonScanner({ maxSize: limit })).toThrow(`Cannot use ${limit} as maxSize`);
    expect(() => new JsonScanner({ maxDepth: limit })).toThrow(`Cannot use ${limit} as maxDepth`);
  });
});

describe("JsonReader", () => {
  it("reads the values of a source as they come, and ends with it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 5 }), cuts, async (texts, places) => {
        const values: unknown[] = [];
        const source = sourceOf(cutAt(Buffer.from(texts.join("\n")), places));
        for await (const message of new JsonReader(source))
          values.push(message.error === null ? message.value : "error");
        expect(values).toEqual(texts.map((text) => JSON.parse(text)));
      }),
    );
  });
});

describe("A JsonReader whose iteration is left, and begun again", () => {
  it("goes on with the next value", async () => {
    const reader = new JsonReader(sourceOf([Buffer.from("1 2 3 4 "), Buffer.from("5 6")]));
    const values: unknown[] = [];
    for (let count = 0; count < 7; count += 1) {
      for await (const message of reader) {
        values.push(message.error === null ? message.value : "error");
        break;
      }
    }
    expect(values).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("gives each of several calls of next() a value of its own, in order", async () => {
    const values = new JsonReader(sourceOf([Buffer.from("1 2 3\n"), Buffer.from("4 5 6\n")]))[Symbol.asyncIterator]();
    const results = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => values.next()));
    expect(results.map(({ value }) => (value?.error === null ? value.value : value))).toEqual([
      1,
      2,
      3,
      4,
      5,
      6,
      undefined,
    ]);
  });

  it("goes on behind a failure of its source, within a value", async () => {
    const pieces = ["[1, ", new TypeError("a mistake"), "2] 3"];
    const recv = async (): Promise<Buffer> => {
      const piece = pieces.shift() ?? "";
      if (piece instanceof Error) throw piece;
      return Buffer.from(piece);
    };
    const reader = new JsonReader({ recv });
    const values: unknown[] = [];
    const readAll = async (): Promise<void> => {
      for await (const message of reader) values.push(message.error === null ? message.value : "error");
    };
    await expect(readAll()).rejects.toThrow("a mistake");
    await readAll();
    expect(values).toEqual([[1, 2], 3]);
  });

  it("throws its LimitOverrunError again: where the next value begins is unknown", async () => {
    const reader = new JsonReader(sourceOf([Buffer.from("[1, 2] 3 ")]), { maxSize: 4 });
    for (let count = 0; count < 2; count += 1) {
      await expect(reader[Symbol.asyncIterator]().next()).rejects.toThrow(LimitOverrunError);
    }
  });
});

describe("parseJson", () => {
  it.each([
    ['{"a": 1}', { a: 1 }],
    [" 12 \r\n", 12],
    ['"x"', "x"],
  ])("reads %j", (text, value) => {
    expect(parseJson(Buffer.from(text))).toEqual({ value, text: text.trim(), error: null });
  });

  it.each([
    ["", "Not JSON: there is nothing"],
    ["\n", "Not JSON: there is nothing"],
    ["1 2", "Not JSON: there is more than one value"],
    ["{}x", "Not JSON: there is more than one value"],
    ["[1", "Not JSON: it ended within the value"],
  ])("refuses %j", (text, error) => {
    expect(parseJson(Buffer.from(text))).toEqual({ error });
  });

  it("refuses what is over a limit", () => {
    expect(parseJson(Buffer.from("[[1]]"), { maxDepth: 1 })).toEqual({ error: "Nested more than 1 deep" });
    expect(parseJson(Buffer.from("[[1]]"), { maxSize: 4 })).toEqual({
      error: expect.stringContaining("more than 4 bytes"),
    });
  });
});
