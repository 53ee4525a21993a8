/**
 * Text over a connection, read and written by calls that block: what `makefile("r")` and `makefile("w")` of a blocking socket
 * return.
 *
 * What each read takes is told in `text-buffer.ts`.
 *
 * @module
 */

import type { BlockingStreamReader } from "./blocking-reader.js";
import type { BlockingStreamWriter } from "./blocking-writer.js";
import { TextFile } from "./text.js";
import { TextBuffer, TextEncoding, type TextReading, type TextStreamOptions } from "./text-codec.js";

/**
 * Reads text from a {@link BlockingStreamReader}: `TextReader`, whose calls return instead of promising. Source:
 * `socket.makefile("r")`, `io.TextIOWrapper`.
 *
 * Sizes and limits are counted as `string.length` counts. A character that counts 2 is never cut in two: the piece is one
 * longer then. Limits are those of the reader underneath. This stream reads ahead: don't read from both.
 *
 * All reads throw ClosedResourceError after {@link close}, whatever the reader throws (text that had arrived stays for the next
 * read), RangeError for a size that is not a whole number, and, with `errors: "strict"`, an OSError with the code `EILSEQ` for
 * bytes that are no text in the encoding. That error names where they are, and every later read throws it again.
 *
 * @example
 * ```ts
 * for (const line of this.request.makefile("r")) console.log(line.trimEnd());
 * ```
 */
export class BlockingTextReader extends TextFile implements Iterable<string>, Disposable {
  readonly #reader: BlockingStreamReader;
  readonly #buffer: TextBuffer;

  /**
   * @param reader where the bytes come from. {@link close} closes it.
   * @throws RangeError for an encoding, `errors` or `newline` that there is not.
   */
  constructor(reader: BlockingStreamReader, options: TextStreamOptions = {}) {
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
  read(size = -1): string {
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
  readline(size = -1): string {
    return this.#perform(this.#buffer.readline(size));
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more characters than this together.
   * @throws LimitOverrunError when a line is longer than the reader's `maxLineLength`, or, without a hint, all of them
   *   together are longer than its `maxReadSize`. The text stays.
   */
  readlines(hint = -1): string[] {
    return this.#perform(this.#buffer.readlines(hint));
  }

  /** Iterates over the lines, as {@link readline} returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.iterator](): Iterator<string> {
    return {
      next: () => {
        const line = this.readline();
        return line === "" ? { value: undefined, done: true } : { value: line, done: false };
      },
    };
  }

  /** Ends the reading and closes the reader underneath, but not the socket. Idempotent. */
  close(): void {
    this.#reader.close();
  }

  /** The same as {@link close}: `using reader = socket.makefile("r")`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #perform<Result>(reading: TextReading<Result>): Result {
    this.#buffer.check(reading.size, this.closed);
    try {
      let result = reading.take(false);
      while (result === undefined) {
        const chunk = this.#reader.read1();
        this.#buffer.append(chunk);
        result = reading.take(chunk.length === 0);
      }
      return result;
    } catch (error) {
      reading.giveBack?.();
      throw error;
    }
  }
}

/**
 * Writes text to a {@link BlockingStreamWriter}: `TextWriter`, whose calls return when the text is sent. Source:
 * `socket.makefile("w")`, `io.TextIOWrapper`.
 *
 * All writes throw what the writer throws and, with `errors: "strict"`, an OSError with the code `EILSEQ` that names the first
 * character that the encoding does not have; nothing is written then.
 *
 * @example
 * ```ts
 * const writer = this.request.makefile("w", { newline: "\r\n" });
 * writer.write("250 OK\n"); // 7, and 8 bytes are sent by the next flush()
 * ```
 */
export class BlockingTextWriter extends TextFile implements Disposable {
  readonly #writer: BlockingStreamWriter;
  readonly #encoding: TextEncoding;

  /**
   * @param writer where the bytes go. {@link close} closes it.
   * @throws RangeError for an encoding other than utf-8, latin1, ascii and utf-16le, and for `errors` or `newline` that
   *   there is not.
   */
  constructor(writer: BlockingStreamWriter, options: TextStreamOptions = {}) {
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
   * Writes the text, and blocks as {@link BlockingStreamWriter.write} does. Source: `io.TextIOBase.write`.
   *
   * @returns the number of characters as `text.length` counts them (not of bytes).
   */
  write(text: string): number {
    this.#writer.write(this.#encoding.encode(text));
    return text.length;
  }

  /** Writes several texts as one; nothing is put between them. Source: `io.IOBase.writelines`. */
  writelines(lines: Iterable<string>): void {
    this.write([...lines].join(""));
  }

  /** Sends what was collected, as {@link BlockingStreamWriter.flush} does. Source: `io.IOBase.flush`. */
  flush(): void {
    this.#writer.flush();
  }

  /** Flushes and closes the writer underneath, but not the socket. Idempotent. */
  close(): void {
    this.#writer.close();
  }

  /** The same as {@link close}: `using writer = socket.makefile("w")`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
