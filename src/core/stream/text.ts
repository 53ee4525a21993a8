/**
 * Text over a connection, decoded and encoded, with Python's rules for the ends of lines: what `makefile("r")` and
 * `makefile("w")` return.
 *
 * What each read takes is told in `text-buffer.ts`; these classes wait for the bytes.
 *
 * @module
 */

import { BusyResourceError } from "../errors.js";
import type { StreamReader } from "./reader.js";
import {
  type EncodingErrors,
  type Newline,
  TextBuffer,
  TextEncoding,
  type TextReading,
  type TextStreamOptions,
} from "./text-codec.js";
import type { StreamWriter } from "./writer.js";

/** How text becomes bytes, and bytes text. */
interface TextSettings {
  readonly encoding: string;
  readonly errors: EncodingErrors;
  readonly newline: Newline;
}

/** A stream of text, to be read or written, whether its calls promise or block. */
export abstract class TextFile {
  readonly #settings: TextSettings;

  /** @internal */
  constructor(settings: TextSettings) {
    this.#settings = settings;
  }

  /** The name of the encoding, as it was given. */
  get encoding(): string {
    return this.#settings.encoding;
  }

  /** What happens to bytes that are no text, and to characters that the encoding does not have. */
  get errors(): EncodingErrors {
    return this.#settings.errors;
  }

  /** What ends a line. */
  get newline(): Newline {
    return this.#settings.newline;
  }
}

export type { EncodingErrors, Newline, TextStreamOptions } from "./text-codec.js";

/**
 * Reads text from a {@link StreamReader}. Source: `socket.makefile("r")`, `io.TextIOWrapper`.
 *
 * Sizes and limits are counted as `string.length` counts. A character that counts 2 is never cut in two: the piece is one
 * longer then. Limits are those of the reader underneath. This stream reads ahead: don't read from both.
 *
 * All reads throw BusyResourceError when another one is still waiting, ClosedResourceError after {@link close},
 * whatever the reader throws (text that had arrived stays for the next read), RangeError for a size that is not a whole
 * number, and, with `errors: "strict"`, an OSError with the code `EILSEQ` for bytes that are no text in the encoding.
 * That error names where they are, and every later read throws it again: the text could only go on with a gap.
 *
 * @example
 * ```ts
 * for await (const line of new TextReader(reader)) console.log(line.trimEnd());
 * ```
 */
export class TextReader extends TextFile implements AsyncIterable<string> {
  readonly #reader: StreamReader;
  readonly #buffer: TextBuffer;
  #busy = false;

  /**
   * @param reader where the bytes come from. {@link close} closes it.
   * @throws RangeError for an encoding, `errors` or `newline` that there is not.
   */
  constructor(reader: StreamReader, options: TextStreamOptions = {}) {
    const buffer = new TextBuffer(reader, options);
    super(buffer);
    this.#reader = reader;
    this.#buffer = buffer;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#reader.closed;
  }

  /** Whether this is something to read from: true until {@link close}. Source: `io.IOBase.readable`. */
  readable(): boolean {
    return this.#reader.readable();
  }

  /**
   * Reads `size` characters, or to the end of the stream when `size` is negative. Source: `io.TextIOBase.read`.
   *
   * @returns fewer characters only when the stream ends before.
   * @throws LimitOverrunError when the rest of the stream is longer than the reader's `maxReadSize`.
   */
  read(size = -1): Promise<string> {
    return this.#perform(this.#buffer.read(size));
  }

  /**
   * Reads a line with its end. Source: `io.TextIOBase.readline`.
   *
   * @param size the most characters to return, negative for the whole line.
   * @returns the line. The last one may lack its end; after it, `""`.
   * @throws LimitOverrunError when the line is longer than the reader's `maxLineLength` and no size was given. The text
   *   stays: it can still be read in pieces, with a size.
   */
  readline(size = -1): Promise<string> {
    return this.#perform(this.#buffer.readline(size));
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more characters than this together.
   * @throws LimitOverrunError when a line is longer than the reader's `maxLineLength`, or, without a hint, all of them
   *   together are longer than its `maxReadSize`. The text stays.
   */
  readlines(hint = -1): Promise<string[]> {
    return this.#perform(this.#buffer.readlines(hint));
  }

  /** Iterates over the lines, as {@link readline} returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.asyncIterator](): AsyncIterator<string> {
    return { next: () => this.readline().then(asIteratorResult) };
  }

  /** Ends the reading and closes the reader underneath, but not the socket. Idempotent. */
  close(): Promise<void> {
    return this.#reader.close();
  }

  /** The same as {@link close}: `await using reader = socket.makefile("r")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Performs a read, one at a time, as the reader underneath does it. */
  async #perform<Result>(reading: TextReading<Result>): Promise<Result> {
    this.#buffer.check(reading.size, this.closed);
    if (this.#busy) {
      const message =
        "Cannot read text: another read of this stream is still waiting (EBUSY). Await one before the next.";
      throw new BusyResourceError(message, { code: "EBUSY", syscall: "recv" });
    }
    this.#busy = true;
    try {
      let result = reading.take(false);
      while (result === undefined) {
        const chunk = await this.#reader.read1();
        this.#buffer.append(chunk);
        result = reading.take(chunk.length === 0);
      }
      return result;
    } catch (error) {
      reading.giveBack?.();
      throw error;
    } finally {
      this.#busy = false;
    }
  }
}

/**
 * Writes text to a {@link StreamWriter}. Source: `socket.makefile("w")`, `io.TextIOWrapper`.
 *
 * All writes throw what the writer throws and, with `errors: "strict"`, an OSError with the code `EILSEQ` that names the
 * first character that the encoding does not have; nothing is written then.
 *
 * @example
 * ```ts
 * const writer = new TextWriter(new StreamWriter(socket), { newline: "\r\n" });
 * await writer.write("250 OK\n"); // 7, and 8 bytes are sent
 * ```
 */
export class TextWriter extends TextFile {
  readonly #writer: StreamWriter;
  readonly #encoding: TextEncoding;

  /**
   * @param writer where the bytes go. {@link close} closes it.
   * @throws RangeError for an encoding other than utf-8, latin1, ascii and utf-16le, and for `errors` or `newline` that
   *   there is not.
   */
  constructor(writer: StreamWriter, options: TextStreamOptions = {}) {
    const encoding = new TextEncoding(options);
    super(encoding);
    this.#writer = writer;
    this.#encoding = encoding;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#writer.closed;
  }

  /** Whether this is something to write to: true until {@link close}. Source: `io.IOBase.writable`. */
  writable(): boolean {
    return this.#writer.writable();
  }

  /**
   * Writes the text, and waits as {@link StreamWriter.write} does. Source: `io.TextIOBase.write`.
   *
   * @returns the number of characters as `text.length` counts them (not of bytes).
   */
  async write(text: string): Promise<number> {
    await this.#writer.write(this.#encoding.encode(text));
    return text.length;
  }

  /** Writes several texts as one; nothing is put between them. Source: `io.IOBase.writelines`. */
  async writelines(lines: Iterable<string>): Promise<void> {
    await this.write([...lines].join(""));
  }

  /** Sends what was collected, as {@link StreamWriter.flush} does. Source: `io.IOBase.flush`. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Flushes and closes the writer underneath, but not the socket. Idempotent, as {@link StreamWriter.close}. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /** The same as {@link close}: `await using writer = socket.makefile("w")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function asIteratorResult(line: string): IteratorResult<string, undefined> {
  return line === "" ? { value: undefined, done: true } : { value: line, done: false };
}
