/**
 * Reads bytes from a connection by the line, by the length or up to a separator: what `makefile("rb")` returns.
 *
 * What each read takes, and when it has enough, is told in `receive-buffer.ts`; this file waits for the bytes.
 *
 * @module
 */

import { BusyResourceError, type OSError, TimeoutError } from "../errors.js";
import type { ByteSource } from "./byte-stream.js";
import { ReadBuffer, type Reading, readerClosedError, type StreamReaderOptions } from "./read-buffer.js";

export type { StreamReaderOptions } from "./read-buffer.js";

type State = "ready" | "reading" | "timed out" | "closed";

/**
 * Reads from a {@link ByteSource} by line, length or separator. Source: `socket.makefile("rb")` (`io.BufferedReader`), and
 * `readexactly` and `readuntil` of `asyncio.StreamReader`.
 *
 * Common to all reads:
 * - At the end of the stream they return what is left, then empty Buffers.
 * - A returned Buffer is a view on the bytes as they arrived. It stays valid; one that is kept for long is better copied
 *   with `Buffer.from()`, because it keeps up to 128 KiB that arrived around it in memory.
 * - Memory is bounded: never more than the limit of the read (`maxLineLength`, `maxReadSize` or the size asked for) and
 *   one chunk are held.
 *
 * And what they throw:
 * - BusyResourceError when another read of this reader is still waiting.
 * - ClosedResourceError after {@link close}, or when it is called during the read.
 * - Whatever the source throws. Bytes that had arrived stay, and the next read gets them. But after a TimeoutError every
 *   read throws an OSError "cannot read from timed out object", as in Python.
 * - RangeError for a size that is not a whole number.
 *
 * @example
 * ```ts
 * const reader = new StreamReader(socket);
 * for await (const line of reader) console.log(line.toString());
 * ```
 */
export class StreamReader implements AsyncIterable<Buffer> {
  readonly #source: ByteSource;
  readonly #buffer: ReadBuffer;
  #state: State = "ready";

  /**
   * @param source where the bytes come from. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number in its range.
   */
  constructor(source: ByteSource, options: StreamReaderOptions = {}) {
    this.#source = source;
    this.#buffer = new ReadBuffer(options);
  }

  /** The longest line, with its end, in bytes. */
  get maxLineLength(): number {
    return this.#buffer.maxLineLength;
  }

  /** The most bytes that a read to the end of the stream returns. */
  get maxReadSize(): number {
    return this.#buffer.maxReadSize;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#state === "closed";
  }

  /** Whether this is something to read from: true until {@link close}. Source: `io.IOBase.readable`. */
  readable(): boolean {
    return !this.closed;
  }

  /**
   * Reads `size` bytes, or to the end of the stream when `size` is negative. Source: `io.BufferedReader.read`.
   *
   * @returns exactly `size` bytes; fewer only when the stream ends before.
   * @throws LimitOverrunError when the rest of the stream is longer than `maxReadSize`.
   */
  read(size = -1): Promise<Buffer> {
    return this.#perform(this.#buffer.read(size));
  }

  /**
   * Reads what is there, and waits only while there is nothing. Source: `io.BufferedReader.read1`.
   *
   * @param size the most bytes to return; negative for all that have arrived.
   */
  read1(size = -1): Promise<Buffer> {
    return this.#perform(this.#buffer.read1(size));
  }

  /**
   * Looks at the bytes that have arrived and leaves them to the next read; waits while there are none. Source:
   * `io.BufferedReader.peek`.
   *
   * @returns at least one byte, or an empty Buffer at the end of the stream. Do not write to it: the next read returns it.
   */
  peek(): Promise<Buffer> {
    return this.#perform(this.#buffer.peek());
  }

  /**
   * Reads a line, with its `"\n"`. Source: `io.BufferedReader.readline`.
   *
   * @param size the most bytes to return, negative for the whole line. A longer line comes in pieces then.
   * @returns the line. The last one may lack its `"\n"`; after it, an empty Buffer.
   * @throws LimitOverrunError when the line is longer than `maxLineLength` and no size was given. The bytes stay: they can
   *   still be read in pieces, with a size.
   */
  readline(size = -1): Promise<Buffer> {
    const line = size < 0 && this.#state === "ready" ? this.#buffer.bufferedLine() : undefined;
    return line !== undefined ? Promise.resolve(line) : this.#perform(this.#buffer.readline(size));
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more bytes than this together.
   * @throws LimitOverrunError when a line is longer than `maxLineLength`, or, without a hint, all of them together are
   *   longer than `maxReadSize`. The bytes stay.
   */
  readlines(hint = -1): Promise<Buffer[]> {
    return this.#perform(this.#buffer.readlines(hint));
  }

  /**
   * Reads exactly `size` bytes. Source: `asyncio.StreamReader.readexactly`.
   *
   * @throws IncompleteReadError when the stream ends before. Its `partial` holds the bytes that were left; they are read.
   */
  readexactly(size: number): Promise<Buffer> {
    return this.#perform(this.#buffer.readexactly(size));
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
  readuntil(separator: string | Uint8Array): Promise<Buffer> {
    return this.#perform(this.#buffer.readuntil(separator));
  }

  /** Iterates over the lines, as {@link readline} returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: () => {
        const line = this.#state === "ready" ? this.#buffer.bufferedLine() : undefined;
        if (line !== undefined) return Promise.resolve({ value: line, done: false });
        return this.readline().then(asIteratorResult);
      },
    };
  }

  /**
   * Ends the reading and forgets the bytes that have not been read. Idempotent. The source stays open: it is its owner's.
   *
   * A read that is waiting throws ClosedResourceError when its source answers.
   */
  close(): Promise<void> {
    this.#state = "closed";
    this.#buffer.forget();
    return Promise.resolve();
  }

  /** The same as {@link close}: `await using reader = socket.makefile("rb")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Performs a read. Only one at a time: nobody else takes bytes between the first look and the result. */
  async #perform<Result>(reading: Reading<Result>): Promise<Result> {
    if (this.#state !== "ready") throw readerStateError(this.#state);
    let result = reading.take(false);
    if (result !== undefined) return result;
    this.#state = "reading";
    try {
      while (result === undefined) {
        const chunk = await this.#source.recv(this.#buffer.shortage(reading.wanted));
        if (this.closed) throw readerStateError("closed");
        this.#buffer.append(chunk);
        result = reading.take(chunk.length === 0);
      }
      return result;
    } catch (error) {
      if (error instanceof TimeoutError && !this.closed) this.#state = "timed out";
      throw error;
    } finally {
      if (this.#state === "reading") this.#state = "ready";
    }
  }
}

function asIteratorResult(line: Buffer): IteratorResult<Buffer, undefined> {
  return line.length === 0 ? { value: undefined, done: true } : { value: line, done: false };
}

function readerStateError(state: Exclude<State, "ready">): OSError {
  if (state !== "reading") return readerClosedError(state);
  const message = "Cannot read: another read of this stream is still waiting (EBUSY). Await one before the next.";
  return new BusyResourceError(message, { code: "EBUSY", syscall: "recv" });
}
