import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFortunes } from "../../dist/servers/qotd.js";

describe("parseFortunes", () => {
  it("takes quotes of several lines, with blank ones within, and leaves out the empty ones", () => {
    expect(parseFortunes("%\none\n\nand more\n%\n%\n\n  two\n    -- somebody\n\n%\n")).toEqual([
      "one\n\nand more",
      "  two\n    -- somebody",
    ]);
  });

  it("takes a % within a line as any other letter", () => {
    expect(parseFortunes("100 %\n%%\n% of it\n%\n%not\n")).toEqual(["100 %\n%%\n% of it", "%not"]);
  });

  it("finds no quote where there is none", () => {
    expect(parseFortunes("")).toEqual([]);
    expect(parseFortunes("\n%\n \n%")).toEqual([]);
  });

  const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n]/g, "").trimEnd());
  const quote = fc
    .array(
      line.filter((text) => text !== "%"),
      { minLength: 1 },
    )
    .map((lines) => lines.join("\n").replace(/^\n+|\n+$/g, ""))
    .filter((text) => text !== "");

  it("gives back the quotes that a file was made of, whatever its line ends are", () => {
    fc.assert(
      fc.property(fc.array(quote), fc.constantFrom("\n", "\r\n"), (quotes, end) => {
        const file = quotes.map((text) => `${text}\n`).join("%\n");
        expect(parseFortunes(file.replaceAll("\n", end))).toEqual(quotes);
      }),
    );
  });
});
