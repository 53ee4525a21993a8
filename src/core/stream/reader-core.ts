/**
 * {@link ReaderCore}: the reads of a byte stream, once for readers that await and readers that block.
 *
 * @module
 */

import { BusyResourceError, closedError, OSError } from "../errors.js";
import type { FileHost, Result } from "./byte-stream.js";
import * as reads from "./read-buffer.js";
import { ReadBuffer, type Reading, type StreamReaderOptions } from "./read-buffer.js";

/** The reads of {@link StreamReader}, which promises what they return, and {@link BlockingStreamReader}, which returns it. */
export abstract class ReaderCore<Mode extends "await" | "block"> {
  /** @internal */
  protected readonly buffer: ReadBuffer;
  /** @internal */
  protected state: "ready" | "reading" | "timed out" | "closed" = "ready";
  #host: FileHost | null = null;
  /** Nothing more will come: the source is not to be asked again. */
  #hasEnded = false;

  /** @internal */
  constructor(options: StreamReaderOptions) {
    this.buffer = new ReadBuffer(options);
  }

  /** @internal Performs a read, to its end. */
  abstract perform<Value>(reading: Reading<Value>): Result<Mode, Value>;

  /** Ends the reading. The source stays open. Idempotent. */
  abstract close(): Result<Mode, void>;

  /** @internal Counts as an open file of a connection until it is closed, or has read the end of the stream. */
  holdOpen(host: FileHost): void {
    this.#host = host;
    host.addFile?.();
  }

  /** @internal Has these bytes to read, and nothing after them. */
  preload(bytes: Buffer): void {
    this.buffer.unread(bytes);
    this.#hasEnded = true;
  }

  /** @internal Tries to read without receiving. @returns `undefined` when there are too few bytes */
  protected tryRead<Value>(reading: Reading<Value>): Value | undefined {
    if (this.state === "ready") return reading.take(this.buffer, this.#hasEnded);
    if (this.state !== "timed out" || !reading.allowedAfterTimeout) throw this.stateError();
    const value = reading.take(this.buffer, this.#hasEnded);
    if (value === undefined) throw this.stateError();
    return value;
  }

  /** @internal Adds what was received, and tries again. */
  protected readOn<Value>(reading: Reading<Value>, received: Buffer): Value | undefined {
    const ended = received.length === 0;
    if (ended && this.#host !== null) {
      this.#hasEnded = true;
      this.#release();
    }
    this.buffer.append(received);
    return reading.take(this.buffer, ended);
  }

  /**
   * @internal Why nothing can be read now. `timed out` is for good: what had arrived of the read that timed out can no longer be
   * told from the next one's bytes.
   */
  protected stateError(): OSError {
    if (this.state === "closed") return closedError("read", "recv");
    if (this.state === "timed out") {
      return new OSError("cannot read from timed out object", { code: "EIO", syscall: "recv" });
    }
    const message = "Cannot read: another read of this stream is still waiting (EBUSY). Await one before the next.";
    return new BusyResourceError(message, { code: "EBUSY", syscall: "recv" });
  }

  /** @internal Ends the reading. A connection that waited for its last file to be closed is closed then. */
  protected end(): void {
    this.state = "closed";
    this.buffer.forget();
    this.#release();
  }

  #release(): void {
    const host = this.#host;
    this.#host = null;
    host?.removeFile?.();
  }

  /** The longest line, with its end, in bytes. */
  get maxLineLength(): number {
    return this.buffer.maxLineLength;
  }

  /** The most bytes that a read to the end of the stream returns. */
  get maxReadSize(): number {
    return this.buffer.maxReadSize;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.state === "closed";
  }

  /** Whether this is something to read from: true until `close()`. Source: `io.IOBase.readable`. */
  readable(): boolean {
    return !this.closed;
  }

  // ── without waiting ───────────────────────────────────────────────────────────────────────────────────────────────

  /** How many bytes have arrived and were not read. As Go's `bufio.Reader.Buffered`. */
  get buffered(): number {
    return this.buffer.length;
  }

  /**
   * Takes a line that has arrived, without a promise and without receiving.
   *
   * @returns the line with its `"\n"`; `null` when no whole line is there. Whether the stream has ended, only a read finds out.
   * @throws LimitOverrunError when the line is longer than `maxLineLength`; the bytes stay. ClosedResourceError after `close()`,
   *   BusyResourceError while a read waits, and an OSError after one has timed out.
   * @example
   * ```ts
   * for await (const line of reader) {
   *   const lines = [line]; // and what came with it
   *   for (let next = reader.takeLine(); next !== null; next = reader.takeLine()) lines.push(next);
   *   await writer.writelines(answersTo(lines));
   * }
   * ```
   */
  takeLine(): Buffer | null {
    return this.tryRead(reads.WHOLE_LINE) ?? null;
  }

  /**
   * Takes bytes that have arrived, without a promise and without receiving.
   *
   * @param size how many bytes, 0 or more.
   * @returns exactly `size` bytes; `null` when fewer are there, which stay.
   * @throws RangeError for any other size; else as {@link takeLine}.
   */
  take(size: number): Buffer | null {
    if (this.state !== "ready") throw this.stateError();
    reads.checkSize(size, 0);
    return this.buffer.length < size ? null : this.buffer.take(size);
  }

  /**
   * Takes all bytes that have arrived: for a connection that goes on in another way, such as with TLS.
   *
   * @returns the bytes; an empty Buffer when there are none, also after `close()`.
   * @throws BusyResourceError while a read waits.
   */
  takeBuffered(): Buffer {
    if (this.state === "reading") throw this.stateError();
    return this.buffer.take(this.buffer.length);
  }

  /**
   * Puts bytes in front of those that were not read: the next read begins with them.
   *
   * @param bytes any bytes, mostly what was just read. They are the reader's from then on: do not write to them.
   * @throws ClosedResourceError after `close()`, BusyResourceError while a read waits, and an OSError after one has timed out.
   */
  unread(bytes: Uint8Array): void {
    if (this.state !== "ready") throw this.stateError();
    this.buffer.unread(bytes);
  }

  // ── the reads ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Reads `size` bytes, or to the end of the stream when `size` is negative. Source: `io.BufferedReader.read`.
   *
   * @param size how many bytes; -1 by default.
   * @returns exactly `size` bytes; fewer only when the stream ends before.
   * @throws LimitOverrunError when the rest of the stream is longer than `maxReadSize`.
   */
  read(size = -1): Result<Mode, Buffer> {
    return this.perform(reads.read(size));
  }

  /**
   * Reads what is there, and waits only while there is nothing. Source: `io.BufferedReader.read1`.
   *
   * @param size the most bytes to return; negative, the default, for all that have arrived.
   * @returns at least one byte, or an empty Buffer at the end of the stream.
   */
  read1(size = -1): Result<Mode, Buffer> {
    return this.perform(reads.read1(size));
  }

  /**
   * Looks at the bytes that have arrived and leaves them to the next read; waits while there are too few. Source:
   * `io.BufferedReader.peek`, which waits for one byte only.
   *
   * @param size how many bytes to wait for, 1 by default.
   * @returns all bytes that are there: at least `size`, fewer only when the stream ends before. Do not write to it: the next read
   *   returns it.
   * @throws LimitOverrunError for a size over `maxReadSize`; RangeError for a negative one.
   * @example
   * ```ts
   * const isTls = (await reader.peek(2)).readUInt16BE() === 0x1603;
   * ```
   */
  peek(size = 1): Result<Mode, Buffer> {
    return this.perform(reads.peek(size));
  }

  /**
   * Reads a line, with its `"\n"`. Source: `io.BufferedReader.readline`.
   *
   * @param size the most bytes to return; negative, the default, for the whole line. A longer line comes in pieces then.
   * @returns the line. The last one may lack its `"\n"`; after it, an empty Buffer.
   * @throws LimitOverrunError when the line is longer than `maxLineLength` and no size was given. The bytes stay: they can
   *   still be read in pieces, with a size.
   */
  readline(size = -1): Result<Mode, Buffer> {
    return this.perform(size === -1 ? reads.WHOLE_LINE : reads.readline(size));
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more bytes than this together.
   * @throws LimitOverrunError when a line is longer than `maxLineLength`, or, without a hint, all of them together are
   *   longer than `maxReadSize`. The bytes stay.
   */
  readlines(hint = -1): Result<Mode, Buffer[]> {
    return this.perform(reads.readlines(hint));
  }

  /**
   * Reads exactly `size` bytes. Source: `asyncio.StreamReader.readexactly`.
   *
   * @param size how many bytes, 0 or more.
   * @throws IncompleteReadError when the stream ends before. Its `partial` holds the bytes that were left; they are read.
   */
  readexactly(size: number): Result<Mode, Buffer> {
    return this.perform(reads.readexactly(size));
  }

  /**
   * Reads up to a separator and returns it with the bytes before it. Source: `asyncio.StreamReader.readuntil`.
   *
   * @param separator at least one byte; a string stands for its UTF-8 bytes.
   * @throws IncompleteReadError when the stream ends before. Its `partial` holds the bytes that were left; they are read.
   * @throws LimitOverrunError when the result would be longer than `maxLineLength`. The bytes stay.
   * @throws RangeError for an empty separator.
   * @example
   * ```ts
   * const head = await reader.readuntil("\r\n\r\n");
   * ```
   */
  readuntil(separator: string | Uint8Array): Result<Mode, Buffer> {
    return this.perform(reads.readuntil(separator));
  }
}
