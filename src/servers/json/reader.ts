/**
 * {@link JsonScanner}: finds where each JSON value ends in bytes that arrive in pieces.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { checkBound } from "../../core/checks.js";
import { LimitOverrunError } from "../../core/errors.js";
import type { ByteSource } from "../../core/stream/byte-stream.js";
import type { StreamReader } from "../../core/stream/reader.js";

/** What a {@link JsonScanner} lets through. */
export interface JsonLimits {
  /** The most bytes of one value, or of a line that is none. 1,048,576 (1 MiB) by default. */
  readonly maxSize?: number | undefined;
  /** How deep arrays and objects may be nested. 500 by default. */
  readonly maxDepth?: number | undefined;
}

/** What a {@link JsonScanner} has found. */
export type JsonMessage =
  /** A value, and how it was written. */
  | { readonly value: unknown; readonly text: string; readonly error: null }
  /** Something that is no value, and why. */
  | { readonly error: string };

/** What {@link JsonLimits} are by default. */
export const jsonDefaults = { maxSize: 1_048_576, maxDepth: 500 } as const;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set(Buffer.from("[{"));
const CLOSING = new Set(Buffer.from("]}"));
const BLANKS = new Set(Buffer.from(" \t\r\n"));
const NUMBER_BEGINS = new Set(Buffer.from("-0123456789"));
const NUMBER = new Set(Buffer.from("-+.eE0123456789"));
const WORDS = new Map(["true", "false", "null"].map((word) => [word.charCodeAt(0), Buffer.from(word)]));

const CUT_SHORT = notJson("it ended within the value");

/** What the bytes at hand belong to. "bad line": to nothing, until the next line begins. */
type State = "between" | "nested" | "string" | "number" | "word" | "bad line";

/** What a byte does: it goes on with a value or a bad line, ends a value, shows that one has ended, or breaks it. */
type Step = "more" | "ended" | "ended before" | "nothing" | { readonly error: string };

/**
 * Takes a stream of bytes apart into JSON values: one on each line, or several that follow each other, with blanks between
 * them or without.
 *
 * An array, an object, a string, `true`, `false` and `null` are found as soon as they are whole; a number when what follows
 * shows that it has ended. The end of the line ends a value, too, whole or not: one that was cut short spoils no other. After
 * something that is no JSON, it goes on with the next line.
 *
 * The pieces may be cut anywhere, within a letter of UTF-8 or an escape as well: it makes no difference. No more than
 * `maxSize` bytes are held.
 *
 * @example
 * ```ts
 * const scanner = new JsonScanner();
 * for (const { value } of scanner.push(Buffer.from('{"a": 1}{"b"'))) console.log(value); // { a: 1 }
 * ```
 */
export class JsonScanner {
  readonly #maxSize: number;
  readonly #maxDepth: number;
  #state: State = "between";
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** In a word: which one. */
  #word: Buffer = Buffer.alloc(0);
  /** The front of a value whose rest has not come: the first {@link #size} bytes. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the value, or of the bad line, that came in earlier pieces. */
  #size = 0;

  /** @throws RangeError for a limit that is not a whole number from 1. */
  constructor(limits: JsonLimits = {}) {
    this.#maxSize = checkBound("maxSize", limits.maxSize ?? jsonDefaults.maxSize);
    this.#maxDepth = checkBound("maxDepth", limits.maxDepth ?? jsonDefaults.maxDepth);
  }

  /**
   * Takes the next bytes, and tells what they complete. To be iterated to its end before the next call.
   *
   * @throws LimitOverrunError when a value, or a line that is none, is longer than `maxSize`; what came before it has been
   *   told. The scanner is of no use afterwards.
   */
  *push(bytes: Uint8Array): Generator<JsonMessage, void> {
    /** Where the value began; 0 when that was in an earlier piece. */
    let start = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      if (this.#state === "between") start = at;
      const byte = bytes[at] as number;
      const step = this.#step(byte, at - start);
      const belongs = step === "more" || step === "ended";
      if (belongs && this.#size + at + 1 - start > this.#maxSize) throw tooLong(this.#maxSize);
      if (step === "more" || step === "nothing") continue;
      // A number ends before the byte that shows its end, which is looked at once more.
      const end = step === "ended before" ? at : at + 1;
      if (step === "ended before") at -= 1;
      yield typeof step === "string" ? this.#parse(this.#take(bytes.subarray(start, end))) : step;
    }
    if (this.#state === "between") return;
    const rest = bytes.subarray(start);
    if (this.#state !== "bad line") this.#hold(rest);
    this.#size += rest.length;
  }

  /** Tells what the end of the stream completes: a number, or what was cut short by it. */
  *end(): Generator<JsonMessage, void> {
    const state = this.#state;
    if (state === "between" || state === "bad line") return;
    if (state === "number") yield this.#parse(this.#take(Buffer.alloc(0)));
    else {
      this.#begin("between");
      yield { error: CUT_SHORT };
    }
  }

  /** @param at how far the byte is from where the value, or this piece, began */
  #step(byte: number, at: number): Step {
    if (this.#state === "between") return this.#stepBetween(byte);
    if (this.#state === "number") return NUMBER.has(byte) ? "more" : "ended before";
    if (byte === NEWLINE) {
      const wasBad = this.#state === "bad line";
      this.#begin("between");
      return wasBad ? "nothing" : { error: CUT_SHORT };
    }
    if (this.#state === "bad line") return "more";
    if (this.#state === "word") return this.#stepInWord(byte, this.#size + at);
    if (this.#inString) return this.#stepInString(byte);
    return this.#stepInNested(byte);
  }

  #stepBetween(byte: number): Step {
    if (BLANKS.has(byte)) return "nothing";
    const word = WORDS.get(byte);
    if (OPENING.has(byte)) {
      this.#begin("nested");
      return this.#stepInNested(byte);
    }
    if (byte === QUOTE) {
      this.#begin("string");
      this.#inString = true;
    } else if (NUMBER_BEGINS.has(byte)) this.#begin("number");
    else if (word !== undefined) {
      this.#begin("word");
      this.#word = word;
    } else return this.#reject(notJson(`a value cannot begin with ${quoted(byte)}`));
    return "more";
  }

  #stepInWord(byte: number, at: number): Step {
    if (byte !== this.#word[at]) return this.#reject(notJson(`${quoted(byte)} does not belong to ${this.#word}`));
    return at === this.#word.length - 1 ? "ended" : "more";
  }

  #stepInString(byte: number): Step {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#state === "string") return "ended";
    }
    return "more";
  }

  #stepInNested(byte: number): Step {
    if (byte === QUOTE) this.#inString = true;
    else if (OPENING.has(byte)) {
      this.#depth += 1;
      if (this.#depth > this.#maxDepth) return this.#reject(`Nested more than ${this.#maxDepth} deep`);
    } else if (CLOSING.has(byte)) {
      // That each bracket has its partner is found out by JSON.parse(): a value that is one ends here.
      this.#depth -= 1;
      if (this.#depth === 0) return "ended";
    }
    return "more";
  }

  #reject(error: string): { readonly error: string } {
    // The bytes count on, so that a line without an end is noticed.
    const size = this.#size;
    this.#begin("bad line");
    this.#size = size;
    return { error };
  }

  #begin(state: State): void {
    this.#state = state;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#held = Buffer.alloc(0);
    this.#size = 0;
  }

  /** Keeps the front of a value. The memory doubles when it is full, so a byte is moved a few times at most. */
  #hold(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (this.#held.length < size) {
      const larger = Buffer.allocUnsafe(Math.min(2 * size, this.#maxSize));
      this.#held.copy(larger, 0, 0, this.#size);
      this.#held = larger;
    }
    this.#held.set(bytes, this.#size);
  }

  /** The whole value: what is held, and its end. */
  #take(end: Uint8Array): Buffer {
    const whole = Buffer.concat([this.#held.subarray(0, this.#size), end]);
    this.#begin("between");
    return whole;
  }

  #parse(bytes: Buffer): JsonMessage {
    if (!isUtf8(bytes)) return { error: notJson("it is not UTF-8") };
    const text = bytes.toString();
    try {
      return { value: JSON.parse(text) as unknown, text, error: null };
    } catch (error) {
      return { error: notJson(error instanceof Error ? error.message : String(error)) };
    }
  }
}

/**
 * Reads a whole message that holds one JSON value, such as a datagram; blanks around it are no harm.
 *
 * @example
 * ```ts
 * parseJson(Buffer.from('{"a": 1}\n')).value; // { a: 1 }
 * ```
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonMessage {
  const scanner = new JsonScanner(limits);
  try {
    const [first, second] = [...scanner.push(bytes), ...scanner.end()];
    if (first === undefined) return { error: notJson("there is nothing") };
    return second === undefined || first.error !== null ? first : { error: notJson("there is more than one value") };
  } catch (error) {
    if (error instanceof LimitOverrunError) return { error: error.message };
    throw error;
  }
}

function notJson(why: string): string {
  return `Not JSON: ${why}`;
}

function quoted(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? `"${String.fromCharCode(byte)}"`
    : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
}

function tooLong(limit: number): LimitOverrunError {
  return new LimitOverrunError(
    `Cannot read a JSON value of more than ${limit} bytes (EMSGSIZE). Raise maxSize.`,
    limit,
  );
}

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;

/**
 * The JSON values of a stream, as a {@link JsonScanner} finds them, to be iterated over. What is no JSON comes as a message
 * with an `error`, and the iteration goes on.
 *
 * The source belongs to the reader from then on: it reads ahead. An iteration that was left with `break`, or by what the source
 * has thrown, is taken up by the next one, and no value is lost. A value of more than `maxSize` bytes makes it throw a
 * LimitOverrunError, in every later iteration as well.
 *
 * @example
 * ```ts
 * for await (const message of new JsonReader(socket)) {
 *   if (message.error === null) console.log(message.value);
 * }
 * ```
 */
export class JsonReader implements AsyncIterable<JsonMessage> {
  readonly #receive: () => Promise<Buffer>;
  readonly #scanner: JsonScanner;
  /** What the bytes received so far complete and nobody has taken. */
  #found: Iterator<JsonMessage, void> = [][Symbol.iterator]();
  #hasEnded = false;
  #broken: LimitOverrunError | null = null;

  /** @param source a `Socket`, a handler's `rfile`, or anything else to receive from; closing it remains its owner's business */
  constructor(source: ByteSource | StreamReader, limits: JsonLimits = {}) {
    this.#receive = "recv" in source ? () => source.recv(CHUNK_SIZE) : () => source.read1();
    this.#scanner = new JsonScanner(limits);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsonMessage, void> {
    for (;;) {
      for (let found = this.#nextFound(); !found.done; found = this.#nextFound()) yield found.value;
      if (this.#hasEnded) return;
      const bytes = await this.#receive();
      this.#hasEnded = bytes.length === 0;
      this.#found = this.#hasEnded ? this.#scanner.end() : this.#scanner.push(bytes);
    }
  }

  #nextFound(): IteratorResult<JsonMessage, void> {
    if (this.#broken !== null) throw this.#broken;
    try {
      return this.#found.next();
    } catch (error) {
      if (error instanceof LimitOverrunError) this.#broken = error;
      throw error;
    }
  }
}
