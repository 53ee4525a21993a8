import fc from "fast-check";
import { escapeTelnet, TelnetFilter } from "ts-socketserver/servers";
import { describe, expect, it } from "vitest";
import { cutAt, cuts } from "./cuts.js";

const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SB = 250;
const AYT = 246;
const SE = 240;
const HERE = "\r\n[Yes]\r\n";

/** All of the text and all of the replies that come of pieces. */
function filterAll(pieces: readonly Uint8Array[]): { text: Buffer; replies: Buffer } {
  const filter = new TelnetFilter();
  const all = pieces.map((piece) => filter.push(piece));
  return {
    text: Buffer.concat(all.map(({ text }) => text)),
    replies: Buffer.concat(all.map(({ replies }) => replies)),
  };
}

/** What a client may send, what of it is text, and what it is answered. */
interface Item {
  readonly sent: readonly number[];
  readonly text: readonly number[];
  readonly replies: readonly number[];
}

const byte = fc.integer({ min: 0, max: 255 });
const item: fc.Arbitrary<Item> = fc.oneof(
  // No return: what stands behind it may be another item's.
  byte
    .filter((letter) => letter !== IAC && letter !== 13)
    .map((letter) => ({ sent: [letter], text: [letter], replies: [] })),
  fc.constantFrom<Item>(
    { sent: [IAC, IAC], text: [IAC], replies: [] },
    { sent: [13, 0], text: [13, 10], replies: [] },
    { sent: [13, 10], text: [13, 10], replies: [] },
    { sent: [IAC, AYT], text: [], replies: [...Buffer.from(HERE)] },
  ),
  // No-operation, data mark, break, interrupt, abort output, erase character, erase line, go ahead; and nothing known.
  fc
    .constantFrom(241, 242, 243, 244, 245, 247, 248, 249, 236, 7)
    .map((code) => ({ sent: [IAC, code], text: [], replies: [] })),
  byte.map((option) => ({ sent: [IAC, DO, option], text: [], replies: [IAC, WONT, option] })),
  byte.map((option) => ({ sent: [IAC, WILL, option], text: [], replies: [IAC, DONT, option] })),
  fc
    .tuple(fc.constantFrom(WONT, DONT), byte)
    .map(([verb, option]) => ({ sent: [IAC, verb, option], text: [], replies: [] })),
  fc
    .array(byte.map((parameter) => (parameter === IAC ? [IAC, IAC] : [parameter])))
    .map((parameters) => ({ sent: [IAC, SB, ...parameters.flat(), IAC, SE], text: [], replies: [] })),
);

describe("TelnetFilter", () => {
  it("takes a doubled 255 for one of the parameters of a subnegotiation, which go on behind it", () => {
    const { text, replies } = filterAll([Buffer.from([97, IAC, SB, 24, IAC, IAC, 98, IAC, SE, 99])]);
    expect([String(text), replies.length]).toEqual(["ac", 0]);
  });

  it("takes the commands out and refuses the options, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(item), cuts, (items, places) => {
        const sent = Buffer.from(items.flatMap((one) => [...one.sent]));
        const { text, replies } = filterAll(cutAt(sent, places));
        expect(text).toEqual(Buffer.from(items.flatMap((one) => [...one.text])));
        expect(replies).toEqual(Buffer.from(items.flatMap((one) => [...one.replies])));
      }),
    );
  });

  it("makes the same of any bytes, wherever they are cut", () => {
    // Often what means something, so that more than text comes of it.
    const telling = fc.oneof(byte, fc.constantFrom(IAC, IAC, SB, SE, DO, WILL, AYT, 13, 0, 10));
    fc.assert(
      fc.property(fc.array(telling), cuts, (bytes, places) => {
        const sent = Buffer.from(bytes);
        expect(filterAll(cutAt(sent, places))).toEqual(filterAll([sent]));
      }),
    );
  });

  it("leaves text without returns as escapeTelnet() has written it", () => {
    fc.assert(
      fc.property(fc.uint8Array(), cuts, (bytes, places) => {
        const text = Buffer.from(bytes.filter((letter) => letter !== 13));
        const { text: read, replies } = filterAll(cutAt(Buffer.from(escapeTelnet(text)), places));
        expect(read).toEqual(text);
        expect(replies).toHaveLength(0);
      }),
    );
  });

  it("understands Enter in both its forms, also with a command within", () => {
    expect(filterAll([Buffer.of(13, IAC, 241, 0, 13, IAC, 241, 10, 0)]).text).toEqual(Buffer.of(13, 10, 13, 10, 0));
  });

  it("keeps nothing of parameters that never end", () => {
    const filter = new TelnetFilter();
    filter.push(Buffer.of(IAC, SB));
    for (let count = 0; count < 100; count += 1) {
      expect(filter.push(Buffer.alloc(65_536, "x"))).toEqual({ text: Buffer.alloc(0), replies: Buffer.alloc(0) });
    }
    expect(filter.push(Buffer.of(IAC, SE, 104, 105)).text.toString()).toBe("hi");
  });
});

describe("escapeTelnet", () => {
  it("copies nothing where there is nothing to double", () => {
    const text = Buffer.from("größe");
    expect(escapeTelnet(text)).toBe(text);
    expect(escapeTelnet(Buffer.of(1, IAC, 2))).toEqual(Buffer.of(1, IAC, IAC, 2));
  });
});
