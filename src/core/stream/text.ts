/**
 * Text over a connection, decoded and encoded, with Python's rules for the ends of lines: what `makefile("r")` and
 * `makefile("w")` return.
 *
 * What each read takes is in `text-codec.ts`; the reader and writer of bytes underneath await or block.
 *
 * @module
 */

import type { Result } from "./byte-stream.js";
import type { BlockingStreamReader, StreamReader } from "./reader.js";
import type { ReaderCore } from "./reader-core.js";
import { type EncodingErrors, type Newline, TextBuffer, TextEncoding, type TextStreamOptions } from "./text-codec.js";
import type { BlockingStreamWriter, StreamWriter } from "./writer.js";
import type { WriterCore } from "./writer-core.js";

export type { EncodingErrors, Newline, TextStreamOptions } from "./text-codec.js";

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

/** The reads of {@link TextReader}, which promises what they return, and {@link BlockingTextReader}, which returns it. */
export abstract class TextReaderCore<Mode extends "await" | "block"> extends TextFile {
  /** @internal */
  protected readonly reader: ReaderCore<Mode>;
  /** @internal */
  protected readonly buffer: TextBuffer;

  /** @internal */
  constructor(reader: ReaderCore<Mode>, options: TextStreamOptions) {
    const buffer = new TextBuffer(reader, options);
    super(buffer);
    this.reader = reader;
    this.buffer = buffer;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.reader.closed;
  }

  /** Whether this is something to read from: true until `close()`. Source: `io.IOBase.readable`. */
  readable(): boolean {
    return this.reader.readable();
  }

  /**
   * Reads `size` characters, or to the end of the stream when `size` is negative. Source: `io.TextIOBase.read`.
   *
   * @param size how many characters; -1 by default.
   * @returns fewer characters only when the stream ends before.
   * @throws LimitOverrunError when the rest of the stream is longer than the reader's `maxReadSize`.
   */
  read(size = -1): Result<Mode, string> {
    return this.reader.perform(this.buffer.read(size));
  }

  /**
   * Reads a line with its end. Source: `io.TextIOBase.readline`.
   *
   * @param size the most characters to return; negative, the default, for the whole line.
   * @returns the line. The last one may lack its end; after it, `""`.
   * @throws LimitOverrunError when the line is longer than the reader's `maxLineLength` and no size was given. The text
   *   stays: it can still be read in pieces, with a size.
   */
  readline(size = -1): Result<Mode, string> {
    return this.reader.perform(size === -1 ? this.buffer.wholeLine : this.buffer.readline(size));
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more characters than this together.
   * @throws LimitOverrunError when a line is longer than the reader's `maxLineLength`, or, without a hint, all of them
   *   together are longer than its `maxReadSize`. The text stays.
   */
  readlines(hint = -1): Result<Mode, string[]> {
    return this.reader.perform(this.buffer.readlines(hint));
  }

  /** Ends the reading and closes the reader underneath, as {@link StreamReader.close} does. Idempotent. */
  close(): Result<Mode, void> {
    return this.reader.close();
  }
}

/**
 * Reads text from a {@link StreamReader}. Source: `socket.makefile("r")`, `io.TextIOWrapper`.
 *
 * Sizes and limits are counted as `string.length` counts. A character that counts 2 is never cut in two: the piece is one
 * longer then. Limits are those of the reader underneath. This stream reads ahead: don't read from both.
 *
 * All reads throw BusyResourceError when another one is still waiting, ClosedResourceError after `close()`,
 * whatever the reader throws (text that had arrived stays for the next read, also after a time-out), RangeError for a size that
 * is not a whole number, and, with `errors: "strict"`, an OSError with the code `EILSEQ` for bytes that are no text in the
 * encoding. That error names where they are, and every later read throws it again: the text could only go on with a gap.
 *
 * @example
 * ```ts
 * for await (const line of new TextReader(reader)) console.log(line.trimEnd());
 * ```
 */
export class TextReader extends TextReaderCore<"await"> implements AsyncIterable<string> {
  /**
   * @param reader where the bytes come from. `close()` closes it.
   * @throws RangeError for an encoding, `errors` or `newline` that there is not.
   */
  constructor(reader: StreamReader, options: TextStreamOptions = {}) {
    super(reader, options);
  }

  /** Iterates over the lines, as `readline()` returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.asyncIterator](): AsyncIterator<string, undefined> {
    const line = this.buffer.nextLine();
    return { next: () => this.reader.perform(line) };
  }

  /** The same as `close()`: `await using reader = socket.makefile("r")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Reads text from a {@link BlockingStreamReader}: `TextReader`, whose calls return instead of promising. Its reads, bounds and
 * errors are the same. Source: `socket.makefile("r")`, `io.TextIOWrapper`.
 *
 * @example
 * ```ts
 * for (const line of this.request.makefile("r")) console.log(line.trimEnd());
 * ```
 */
export class BlockingTextReader extends TextReaderCore<"block"> implements Iterable<string>, Disposable {
  /**
   * @param reader where the bytes come from. `close()` closes it.
   * @throws RangeError for an encoding, `errors` or `newline` that there is not.
   */
  constructor(reader: BlockingStreamReader, options: TextStreamOptions = {}) {
    super(reader, options);
  }

  /** Iterates over the lines, as `readline()` returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.iterator](): Iterator<string, undefined> {
    const line = this.buffer.nextLine();
    return { next: () => this.reader.perform(line) };
  }

  /** The same as `close()`: `using reader = socket.makefile("r")`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The writes of {@link TextWriter}, which promises, and {@link BlockingTextWriter}, which blocks. */
export abstract class TextWriterCore<Mode extends "await" | "block"> extends TextFile {
  /** @internal */
  protected readonly writer: WriterCore<Mode>;
  readonly #encoding: TextEncoding;

  /** @internal */
  constructor(writer: WriterCore<Mode>, options: TextStreamOptions) {
    const encoding = new TextEncoding(options);
    super(encoding);
    this.writer = writer;
    this.#encoding = encoding;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.writer.closed;
  }

  /** Whether this is something to write to: true until `close()`. Source: `io.IOBase.writable`. */
  writable(): boolean {
    return this.writer.writable();
  }

  /**
   * Writes the text, and waits as {@link StreamWriter} does. Source: `io.TextIOBase.write`.
   *
   * @param text is encoded; each `"\n"` in it is written as `newline` says.
   * @returns the number of characters as `text.length` counts them (not of bytes).
   * @throws OSError `EILSEQ`, with `errors: "strict"`, for a character that the encoding does not have: nothing is written then.
   *   Else what the writer throws.
   */
  write(text: string): Result<Mode, number> {
    return this.writer.perform(() => this.#put(text));
  }

  /** Writes several texts as one; nothing is put between them. Source: `io.IOBase.writelines`. */
  writelines(lines: Iterable<string>): Result<Mode, void> {
    return this.writer.perform<void>(() => {
      const outcome = this.#put([...lines].join(""));
      return typeof outcome === "number" ? undefined : outcome.then(() => undefined);
    });
  }

  #put(text: string): number | Promise<number> {
    const outcome = this.writer.put(this.#encoding.encode(text));
    return typeof outcome === "number" ? text.length : outcome.then(() => text.length);
  }

  /** Sends what was collected, and returns when everything that was written before has left. Source: `io.IOBase.flush`. */
  flush(): Result<Mode, void> {
    return this.writer.flush();
  }

  /** Flushes and closes the writer underneath, as {@link StreamWriter.close} does. Idempotent. */
  close(): Result<Mode, void> {
    return this.writer.close();
  }
}

/**
 * Writes text to a {@link StreamWriter}. Source: `socket.makefile("w")`, `io.TextIOWrapper`.
 *
 * @example
 * ```ts
 * const writer = new TextWriter(new StreamWriter(socket), { newline: "\r\n" });
 * await writer.write("250 OK\n"); // 7, and 8 bytes are sent
 * ```
 */
export class TextWriter extends TextWriterCore<"await"> {
  /**
   * @param writer where the bytes go. `close()` closes it.
   * @throws RangeError for an encoding other than utf-8, latin1, ascii and utf-16le, and for `errors` or `newline` that
   *   there is not.
   */
  constructor(writer: StreamWriter, options: TextStreamOptions = {}) {
    super(writer, options);
  }

  /** The same as `close()`: `await using writer = socket.makefile("w")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Writes text to a {@link BlockingStreamWriter}: `TextWriter`, whose calls return when the text is sent. Source:
 * `socket.makefile("w")`, `io.TextIOWrapper`.
 *
 * @example
 * ```ts
 * const writer = this.request.makefile("w", { newline: "\r\n" });
 * writer.write("250 OK\n"); // 7, and 8 bytes are sent
 * ```
 */
export class BlockingTextWriter extends TextWriterCore<"block"> implements Disposable {
  /**
   * @param writer where the bytes go. `close()` closes it.
   * @throws RangeError for an encoding other than utf-8, latin1, ascii and utf-16le, and for `errors` or `newline` that
   *   there is not.
   */
  constructor(writer: BlockingStreamWriter, options: TextStreamOptions = {}) {
    super(writer, options);
  }

  /** The same as `close()`: `using writer = socket.makefile("w")`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
