/**
 * The quote of the day (RFC 865).
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { codeOf, strerror } from "../core/errors.js";
import type { DatagramRequest } from "../core/server/requests.js";
import type { Socket } from "../core/socket/socket.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import { answerAndEnd } from "./answer-and-end.js";
import type { BundledServer } from "./description.js";

/** What RFC 865 wants a quote to stay below, in characters. Here it is bytes, with the line ends. */
const QUOTE_LIMIT = 512;
const MAX_FILE_SIZE = 16 * 1024 * 1024;
const MILLISECONDS_A_DAY = 86_400_000;

/** One for each day of the week. Their authors died before 1872: nobody owns them any more. */
const BUILT_IN: readonly string[] = [
  `"Begin at the beginning," the King said gravely, "and go on till you come to
the end: then stop."
    -- Lewis Carroll, Alice's Adventures in Wonderland, chapter 12 (1865)`,
  `They also serve who only stand and wait.
    -- John Milton, Sonnet 19, "When I consider how my light is spent" (1673)`,
  `Brevity is the soul of wit.
    -- William Shakespeare, Hamlet, act 2, scene 2 (1603)`,
  `The Analytical Engine has no pretensions whatever to originate any thing. It
can do whatever we know how to order it to perform.
    -- Ada Lovelace, note G to Menabrea's Sketch of the Analytical Engine (1843)`,
  `Reading maketh a full man; conference a ready man; and writing an exact man.
    -- Francis Bacon, Essays, "Of Studies" (1625)`,
  `On two occasions I have been asked, "Pray, Mr. Babbage, if you put into the
machine wrong figures, will the right answers come out?" [...] I am not able
rightly to apprehend the kind of confusion of ideas that could provoke such a
question.
    -- Charles Babbage, Passages from the Life of a Philosopher, chapter 5 (1864)`,
  `If you have built castles in the air, your work need not be lost; that is where
they should be. Now put the foundations under them.
    -- Henry David Thoreau, Walden, "Conclusion" (1854)`,
];

/** What {@link QotdMixIn} adds to a server. */
export interface Quoting {
  /** Today's quote, as it is sent. Handlers in threads and processes ask the one server, too. */
  quoteOfTheDay(): string | Promise<string>;
}

/**
 * Gives a server its quotes: those that come with it, or, assigned before it opens, others.
 *
 * @example
 * ```ts
 * class MottoServer extends QotdMixIn(MultiplexingTCPServer) {
 *   override quotes = ["Know thyself.", "Nothing in excess."];
 * }
 * ```
 */
export function QotdMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => Quoting & { quotes: readonly string[] }) {
  abstract class QotdServer extends Server implements Quoting {
    quotes: readonly string[] = BUILT_IN;

    quoteOfTheDay(): string {
      return formatQuote(chooseQuote(this.quotes, new Date()));
    }
  }
  return QotdServer;
}

/** Which quote is a day's (of UTC): they take turns, and all day long it is the same. `""` where there are none. */
export function chooseQuote(quotes: readonly string[], day: Date): string {
  const number = Math.floor(day.getTime() / MILLISECONDS_A_DAY);
  return quotes.at(number % quotes.length) ?? "";
}

/** As it is sent: RFC 865 wants the lines to end with CR LF. */
function formatQuote(quote: string): string {
  return `${quote}\n`.replaceAll("\n", "\r\n");
}

/** Sends a connection the quote, throws away what comes, and ends it, as RFC 865 has it. */
export class QotdStreamHandler extends BaseRequestHandler<Socket, Quoting> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    await answerAndEnd(this.request, await this.server.quoteOfTheDay());
  }
}

/**
 * Answers each datagram, whatever is in it, with one that holds the quote.
 *
 * Not for an open network: whoever forges the sender of an empty datagram has somebody else sent up to 511 bytes.
 */
export class QotdDatagramHandler extends BaseRequestHandler<DatagramRequest, Quoting> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [, socket] = this.request;
    await socket.sendto(await this.server.quoteOfTheDay(), this.clientAddress);
  }
}

/** Reads a file of quotes. @throws RangeError that says what is wrong with it */
function readQuotes(path: string): string[] {
  const quotes = parseFortunes(readText(path));
  if (quotes.length === 0) throw new RangeError(`There is no quote in "${path}": lines of % stand between quotes.`);
  for (const quote of quotes) {
    const { length } = Buffer.from(formatQuote(quote));
    if (length < QUOTE_LIMIT) continue;
    const beginning = JSON.stringify(quote.slice(0, 30));
    throw new RangeError(
      `Cannot use the quote in "${path}" that begins with ${beginning}: it takes ${length} bytes when it is sent, and RFC 865 wants fewer than ${QUOTE_LIMIT}.`,
    );
  }
  return quotes;
}

function readText(path: string): string {
  const bytes = readBytes(path);
  // A file may begin with a byte order mark, which the decoder leaves out.
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new RangeError(`Cannot use "${path}": it is not UTF-8.`);
}

function readBytes(path: string): Buffer {
  try {
    const found = statSync(path);
    if (found.isFile() && found.size <= MAX_FILE_SIZE) return readFileSync(path);
  } catch (error) {
    const code = codeOf(error);
    throw new RangeError(`Cannot read "${path}": ${strerror(code)} (${code}).`);
  }
  throw new RangeError(`Cannot use "${path}": it takes a file of at most ${MAX_FILE_SIZE} bytes.`);
}

/** `socketserver qotd` */
export const qotdServer: BundledServer = {
  name: "qotd",
  summary: "sends the quote of the day",
  streamHandler: QotdStreamHandler,
  datagramHandler: QotdDatagramHandler,
  extend: QotdMixIn,
  options: [
    {
      flags: "--file <path>",
      description: "quotes of your own, with lines of % between them, as in the files of fortune",
      property: "quotes",
      parse: readQuotes,
    },
  ],
  example: { receive: BUILT_IN[1] ?? "", pattern: /\n {4}-- .+ \(\d{4}\)$/ },
  notes: `The quotes take turns by the day (of UTC). A quote has fewer than 512 bytes.`,
};

/**
 * Takes a file of quotes apart: between two of them stands a line that is a `%` and nothing else.
 *
 * Blank lines around a quote are left out, and so is a quote that has no others. Its lines end with `"\n"`, whatever the
 * file's end with; the last one has no end.
 *
 * @example
 * ```ts
 * parseFortunes("Know thyself.\n%\nNothing\nin excess.\n"); // ["Know thyself.", "Nothing\nin excess."]
 * ```
 */
export function parseFortunes(text: string): string[] {
  const quotes: string[][] = [[]];
  for (const line of text.split(/\r?\n/)) {
    if (line.trimEnd() === "%") quotes.push([]);
    else quotes.at(-1)?.push(line.trimEnd());
  }
  return quotes.map((lines) => lines.join("\n").replace(/^\n+|\n+$/g, "")).filter((quote) => quote !== "");
}
