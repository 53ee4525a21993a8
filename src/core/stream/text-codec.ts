/**
 * {@link TextBuffer}: text that has arrived and was not read, with Python's rules for the ends of lines, and what each kind
 * of read takes out of it; and {@link TextEncoding}, the other direction.
 *
 * Nothing here waits: it is what text streams that await and those that block have in common.
 *
 * @module
 */

import { isAscii } from "node:buffer";
import { TextDecoder } from "node:util";
import { defaults } from "../defaults.js";
import { LimitOverrunError, OSError } from "../errors.js";
import type { Reading } from "./read-buffer.js";

/**
 * What happens to bytes that are no text in the encoding, and to characters that it does not have: `"strict"` is an
 * error, `"replace"` puts U+FFFD (or `"?"` in `latin1` and `ascii`) in their place. Source: the `errors` of `io.TextIOWrapper`.
 */
export type EncodingErrors = "strict" | "replace";

/**
 * What ends a line. Source: the `newline` of `io.TextIOWrapper`.
 *
 * | value | reading | writing |
 * |---|---|---|
 * | `null` | `"\n"`, `"\r"` and `"\r\n"` end a line, and are read as `"\n"` | `"\n"` is written as it is, on every system |
 * | `""` | the same three end a line, and are read as they are | the same |
 * | `"\n"`, `"\r"`, `"\r\n"` | only this ends a line, and is read as it is | `"\n"` is written as this |
 */
export type Newline = null | "" | "\n" | "\r" | "\r\n";

/** What a {@link TextReader} or {@link TextWriter} may be told. */
export interface TextStreamOptions {
  /** `"utf-8"` by default; `"latin1"`, `"ascii"`, `"utf-16le"`; for reading also whatever `TextDecoder` knows. */
  readonly encoding?: string | undefined;
  /** `"strict"` by default. */
  readonly errors?: EncodingErrors | undefined;
  /** `null` by default. */
  readonly newline?: Newline | undefined;
}

/** The limits of a text reader: those of the reader of bytes underneath, but counted in characters. */
export interface TextLimits {
  readonly maxLineLength: number;
  readonly maxReadSize: number;
}

/** Text is received as `read1()` does it: what is there, up to a chunk. */
const CHUNK_SIZE = defaults.readBufferSize;
const NOTHING: Buffer = Buffer.alloc(0);

/** The unread text of one reader. Its reads take bytes from the reader underneath as they need them. */
export class TextBuffer {
  readonly encoding: string;
  readonly errors: EncodingErrors;
  readonly newline: Newline;
  /** `readline()` without a size. */
  readonly wholeLine: Reading<string> = this.#reading(-1, (ended) => this.#takeLine(-1, ended));
  readonly #limits: TextLimits;
  readonly #decode: Decoder;
  #position = 0;
  #failure: OSError | undefined;
  // The unread text is `#text` from `#start` on.
  #text = "";
  #start = 0;
  /** In so much of the unread text no end of a line begins: it is not searched again with every chunk. */
  #searched = 0;
  /** The text ended in `"\r"`, which was read as `"\n"` at once: a `"\n"` that comes next belongs to it. */
  #afterReturn = false;

  /** @throws RangeError for an encoding, `errors` or `newline` that there is not. */
  constructor(limits: TextLimits, options: TextStreamOptions) {
    const { encoding, errors, newline } = checkTextOptions(options);
    this.encoding = encoding;
    this.errors = errors;
    this.newline = newline;
    this.#limits = limits;
    this.#decode = decoderOf(encoding, errors);
  }

  get #unread(): number {
    return this.#text.length - this.#start;
  }

  /** A read: its bytes are decoded first, and what has arrived of them is text from then on, whatever becomes of the read. */
  #reading<Value>(size: number, take: (ended: boolean) => Value | undefined): Reading<Value> {
    return {
      wanted: CHUNK_SIZE,
      allowedAfterTimeout: true,
      take: (bytes, ended) => {
        if (!Number.isInteger(size)) throw new RangeError(`Cannot read ${size} characters: a size is a whole number.`);
        if (this.#failure !== undefined) throw this.#failure;
        if (bytes.length > 0) this.#append(bytes.take(bytes.length));
        if (ended) this.#append(NOTHING);
        return take(ended);
      },
    };
  }

  /** Adds what a chunk of bytes says; the empty chunk is the end. */
  #append(chunk: Buffer): void {
    let piece: string;
    try {
      piece = this.#decode(chunk);
    } catch (cause) {
      this.#failure = undecodable(this.encoding, this.#position, chunk.length, cause);
      throw this.#failure;
    }
    this.#position += chunk.length;
    if (this.newline === null) piece = this.#translate(piece);
    this.#text = this.#text.slice(this.#start) + piece;
    this.#start = 0;
  }

  // ── the reads ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** See `TextReader.read`. */
  read(size: number): Reading<string> {
    return this.#reading(size, (ended) => {
      const limit = this.#limits.maxReadSize;
      if (size >= 0 && this.#unread >= size) return this.#take(size);
      if (size < 0 && this.#unread > limit) throw tooLong("to the end", limit, "maxReadSize");
      return ended ? this.#take(this.#unread) : undefined;
    });
  }

  /** See `TextReader.readline`. */
  readline(size: number): Reading<string> {
    return this.#reading(size, (ended) => this.#takeLine(size, ended));
  }

  /** A line, as an iteration has it. */
  nextLine(): Reading<IteratorResult<string, undefined>> {
    return this.#reading(-1, (ended) => {
      const line = this.#takeLine(-1, ended);
      if (line === undefined) return undefined;
      return line === "" ? { value: undefined, done: true } : { value: line, done: false };
    });
  }

  /** See `TextReader.readlines`. */
  readlines(hint: number): Reading<string[]> {
    const ends: number[] = [];
    let length = 0;
    let searched = 0;
    return this.#reading(hint, (ended) => {
      const { maxLineLength, maxReadSize } = this.#limits;
      while (hint <= 0 || length <= hint) {
        const found = this.#lineEnd(searched);
        const end = found === -1 ? this.#unread : found;
        if (end - length > maxLineLength) throw tooLong("a line", maxLineLength, "maxLineLength");
        if (hint <= 0 && end > maxReadSize) throw tooLong("to the end", maxReadSize, "maxReadSize");
        searched = found === -1 ? Math.max(length, this.#decided()) : end;
        if (found === -1 && !ended) return undefined;
        if (end === length) break;
        ends.push(end);
        length = end;
      }
      const all = this.#take(length);
      return ends.map((end, index) => all.slice(ends[index - 1] ?? 0, end));
    });
  }

  /** Python's universal newlines. A `"\r"` is an end of line at once, without waiting for what comes next. */
  #translate(piece: string): string {
    if (piece === "") return piece;
    const rest = this.#afterReturn && piece.startsWith("\n") ? piece.slice(1) : piece;
    this.#afterReturn = piece.endsWith("\r");
    return rest.includes("\r") ? rest.replace(/\r\n?/g, "\n") : rest;
  }

  #takeLine(size: number, ended: boolean): string | undefined {
    const end = this.#lineEnd(this.#searched);
    if (end === -1) this.#searched = this.#decided();
    const length = end === -1 ? this.#unread : end;
    const limit = this.#limits.maxLineLength;
    if (size >= 0 && length >= size) return this.#take(size);
    if (size < 0 && length > limit) throw tooLong("a line", limit, "maxLineLength");
    return end !== -1 || ended ? this.#take(length) : undefined;
  }

  /** Where the first line ends whose end begins from there on, counted in the unread text; -1 when it is not there. */
  #lineEnd(from: number): number {
    const start = this.#start + from;
    if (this.newline !== "") {
      const terminator = this.newline ?? "\n";
      const found = this.#text.indexOf(terminator, start);
      return found === -1 ? -1 : found + terminator.length - this.#start;
    }
    ANY_LINE_END.lastIndex = start;
    const match = ANY_LINE_END.exec(this.#text);
    if (match === null) return -1;
    const end = match.index + match[0].length;
    // A "\r" that is the last so far may become a "\r\n"; at the end of the stream, all that is left is the line anyway.
    return match[0] === "\r" && end === this.#text.length ? -1 : end - this.#start;
  }

  /** In how much of the unread text, where no line ends, none will ever end: all of it, but for a `"\r"` that may go on. */
  #decided(): number {
    return this.#text.endsWith("\r") ? Math.max(0, this.#unread - 1) : this.#unread;
  }

  #take(length: number): string {
    let end = this.#start + length;
    if (length > 0 && isLowSurrogate(this.#text.charCodeAt(end))) end += 1;
    const taken = this.#text.slice(this.#start, end);
    this.#searched = Math.max(0, this.#searched - taken.length);
    this.#start = end;
    return taken;
  }
}

/** How text becomes bytes. */
export class TextEncoding {
  readonly encoding: string;
  readonly errors: EncodingErrors;
  readonly newline: Newline;
  readonly #encoder: Encoder;

  /**
   * @throws RangeError for an encoding other than utf-8, latin1, ascii and utf-16le, and for `errors` or `newline` that
   *   there is not.
   */
  constructor(options: TextStreamOptions) {
    const { encoding, errors, newline } = checkTextOptions(options);
    this.encoding = encoding;
    this.errors = errors;
    this.newline = newline;
    this.#encoder = encoderOf(encoding);
  }

  /** @throws OSError `EILSEQ`, with `errors: "strict"`, for a character that the encoding does not have. */
  encode(text: string): Buffer {
    const { name, lacking, replacement } = this.#encoder;
    let encodable = text;
    const at = text.search(lacking);
    if (at !== -1) {
      if (this.errors === "strict") throw unencodable(text, at, this.encoding);
      encodable = text.replace(lacking, replacement);
    }
    const translated = this.newline === "\r" || this.newline === "\r\n";
    return Buffer.from(translated ? encodable.replaceAll("\n", this.newline) : encodable, name);
  }
}

const ANY_LINE_END = /\r\n?|\n/g;

/** Decodes a chunk, and keeps the beginning of a character that it ends in for the next one. The empty chunk is the end. */
type Decoder = (chunk: Buffer) => string;

interface Encoder {
  readonly name: BufferEncoding;
  /** The characters that the encoding does not have. */
  readonly lacking: RegExp;
  readonly replacement: string;
}

const encoders: ReadonlyMap<string, Encoder> = new Map([
  ["utf-8", { name: "utf8", lacking: /\p{Surrogate}/gu, replacement: "\ufffd" }],
  ["utf-16le", { name: "utf16le", lacking: /\p{Surrogate}/gu, replacement: "\ufffd" }],
  ["latin1", { name: "latin1", lacking: /[\u{100}-\u{10ffff}]/gu, replacement: "?" }],
  ["ascii", { name: "latin1", lacking: /[\u{80}-\u{10ffff}]/gu, replacement: "?" }],
]);

/** Python's other names for the four, which `TextDecoder` lacks or (`latin1`, `ascii`) takes for Windows-1252. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["utf8", "utf-8"],
  ["utf16le", "utf-16le"],
  ["utf-16-le", "utf-16le"],
  ["latin-1", "latin1"],
  ["iso-8859-1", "latin1"],
  ["us-ascii", "ascii"],
]);

function canonicalName(encoding: string): string {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  return aliases.get(name) ?? name;
}

function encoderOf(encoding: string): Encoder {
  const encoder = encoders.get(canonicalName(encoding));
  if (encoder !== undefined) return encoder;
  const known = [...encoders.keys()].join(", ");
  throw new RangeError(`Cannot write text in the encoding "${encoding}": Node.js can encode ${known}.`);
}

function decoderOf(encoding: string, errors: EncodingErrors): Decoder {
  const name = canonicalName(encoding);
  if (name === "latin1") return (chunk) => chunk.toString("latin1");
  if (name === "ascii") {
    return (chunk) => {
      const text = chunk.toString("latin1");
      const at = text.search(/[\u0080-\u00ff]/);
      if (at === -1) return text;
      if (errors === "strict") throw new TypeError(`The byte ${chunk[at]} is not ascii`);
      return text.replace(/[\u0080-\u00ff]/g, "\ufffd");
    };
  }
  let decoder: TextDecoder;
  try {
    // As Python's codecs, and unlike TextDecoder's default, a byte order mark is read as the character that it is.
    decoder = new TextDecoder(name, { fatal: errors === "strict", ignoreBOM: true });
  } catch (cause) {
    throw new RangeError(`Cannot read text in the encoding "${encoding}": TextDecoder does not know it.`, { cause });
  }
  if (name !== "utf-8") return (chunk) => decoder.decode(chunk, { stream: chunk.length > 0 });
  let isBetweenCharacters = true;
  return (chunk) => {
    // Most text is ASCII. Unless a character has begun before, no decoder is needed for it.
    if (isBetweenCharacters && chunk.length > 0 && isAscii(chunk)) return chunk.toString("latin1");
    isBetweenCharacters = (chunk.at(-1) ?? 0) < 0x80;
    return decoder.decode(chunk, { stream: chunk.length > 0 });
  };
}

function checkTextOptions({ encoding = "utf-8", errors = "strict", newline = null }: TextStreamOptions) {
  if (errors !== "strict" && errors !== "replace") {
    throw new RangeError(`Cannot use errors "${errors}": it is "strict" or "replace".`);
  }
  if (newline !== null && !["", "\n", "\r", "\r\n"].includes(newline)) {
    throw new RangeError(`Cannot use newline ${JSON.stringify(newline)}: it is null, "", "\\n", "\\r" or "\\r\\n".`);
  }
  return { encoding, errors, newline };
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function tooLong(what: string, limit: number, option: string): LimitOverrunError {
  const message = `Cannot read ${what}: more than ${limit} characters (EMSGSIZE).`;
  return new LimitOverrunError(`${message} Raise ${option}, or read in pieces with a size.`, limit);
}

function undecodable(encoding: string, position: number, length: number, cause: unknown): OSError {
  // A character may have begun up to three bytes before the chunk.
  const from = Math.max(0, position - 3);
  const where = `bytes ${from} to ${Math.max(from, position + length - 1)} of the stream`;
  const message = `Cannot decode ${where} as ${encoding}: illegal byte sequence (EILSEQ).`;
  const remedy = 'Give the right encoding, or errors: "replace".';
  return new OSError(`${message} ${remedy}`, { code: "EILSEQ", syscall: "recv", cause });
}

function unencodable(text: string, at: number, encoding: string): OSError {
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const message = `Cannot encode the character U+${code} at ${at} as ${encoding}: illegal byte sequence (EILSEQ).`;
  return new OSError(`${message} Give another encoding, or errors: "replace".`, { code: "EILSEQ", syscall: "send" });
}
