/**
 * Reads bytes from a connection by the line, by the length or up to a separator: what `makefile("rb")` returns.
 *
 * Every read is the same story, told once in `#perform`: try to take the result out of the bytes that have arrived; while
 * they are too few, receive more and try again. Nothing is taken before the whole result is there, so a read that fails
 * leaves its bytes to the next one.
 *
 * @module
 */

import type { ByteSource } from "./byte-stream.js";
import {
  BusyResourceError,
  closedError,
  IncompleteReadError,
  LimitOverrunError,
  OSError,
  TimeoutError,
} from "./errors.js";

const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** The most that is asked of the source in one go: as much as a read of a busy TCP connection brings. */
const CHUNK_SIZE = 65_536;

/** What a {@link StreamReader} may be told. */
export interface StreamReaderOptions {
  /**
   * How many bytes are received at a time, 65,536 by default. With 0 the reader never takes more from its source than it
   * returns, so that reads and `recv()` can be mixed, as in Python; lines then arrive byte by byte, which is slow.
   */
  readonly bufferSize?: number | undefined;
  /** The longest line, with its end, in bytes; also the longest result of `readuntil()`. 65,536 by default. */
  readonly maxLineLength?: number | undefined;
  /** The most bytes that a read to the end of the stream returns. 67,108,864 (64 MiB) by default. */
  readonly maxReadSize?: number | undefined;
}

const defaults = { bufferSize: CHUNK_SIZE, maxLineLength: 65_536, maxReadSize: 64 * 1024 * 1024 };

/** `timed out` is for good: what had arrived of the read that timed out can no longer be told from the next one's bytes. */
type State = "ready" | "reading" | "timed out" | "closed";

/**
 * Reads from a {@link ByteSource} by line, length or separator. Source: `socket.makefile("rb")` (`io.BufferedReader`), and
 * `readexactly` and `readuntil` of `asyncio.StreamReader`.
 *
 * Common to all reads:
 * - At the end of the stream they return what is left, then empty Buffers.
 * - A returned Buffer is a view on the bytes as they arrived. It stays valid; one that is kept for long is better copied
 *   with `Buffer.from()`, because it keeps the up to 64 KiB that arrived with it in memory.
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
  /** The longest line, with its end, in bytes. */
  readonly maxLineLength: number;
  /** The most bytes that a read to the end of the stream returns. */
  readonly maxReadSize: number;
  readonly #source: ByteSource;
  readonly #bufferSize: number;
  #state: State = "ready";
  // The unread bytes are `#bytes` from `#start` on. `#bytes` is the used front of `#storage`, and new bytes are only ever
  // written behind it: never over bytes that a caller may still hold a view on.
  #storage = NOTHING;
  #bytes = NOTHING;
  #start = 0;

  /**
   * @param source where the bytes come from. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number in its range.
   */
  constructor(source: ByteSource, options: StreamReaderOptions = {}) {
    this.#source = source;
    this.#bufferSize = checkOption("bufferSize", options.bufferSize ?? defaults.bufferSize, 0);
    this.maxLineLength = checkOption("maxLineLength", options.maxLineLength ?? defaults.maxLineLength, 1);
    this.maxReadSize = checkOption("maxReadSize", options.maxReadSize ?? defaults.maxReadSize, 1);
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
    return this.#perform(size < 0 ? Number.POSITIVE_INFINITY : size, (ended) => {
      checkSize(size);
      if (size >= 0 && this.#unread >= size) return this.#take(size);
      if (size < 0 && this.#unread > this.maxReadSize) throw readTooLong(this.maxReadSize);
      return ended ? this.#take(this.#unread) : undefined;
    });
  }

  /**
   * Reads what is there, and waits only while there is nothing. Source: `io.BufferedReader.read1`.
   *
   * @param size the most bytes to return; negative for all that have arrived.
   */
  read1(size = -1): Promise<Buffer> {
    return this.#perform(size < 0 ? CHUNK_SIZE : size, (ended) => {
      checkSize(size);
      const length = size < 0 ? this.#unread : Math.min(size, this.#unread);
      return length > 0 || size === 0 || ended ? this.#take(length) : undefined;
    });
  }

  /**
   * Looks at the bytes that have arrived and leaves them to the next read; waits while there are none. Source:
   * `io.BufferedReader.peek`.
   *
   * @returns at least one byte, or an empty Buffer at the end of the stream. Do not write to it: the next read returns it.
   */
  peek(): Promise<Buffer> {
    return this.#perform(1, (ended) => (this.#unread > 0 || ended ? this.#bytes.subarray(this.#start) : undefined));
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
    const line = size < 0 ? this.#bufferedLine() : undefined;
    if (line !== undefined) return Promise.resolve(line);
    let searched = 0;
    return this.#perform(1, (ended) => {
      checkSize(size);
      const newline = this.#bytes.indexOf(NEWLINE, this.#start + searched);
      const length = newline === -1 ? this.#unread : newline + 1 - this.#start;
      if (size >= 0 && length >= size) return this.#take(size);
      if (size < 0 && length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
      if (newline !== -1 || ended) return this.#take(length);
      searched = length;
      return undefined;
    });
  }

  /**
   * Reads lines up to the end of the stream. Source: `io.IOBase.readlines`.
   *
   * @param hint when positive, no further line is read once the lines have more bytes than this together.
   * @throws LimitOverrunError when a line is longer than `maxLineLength`, or, without a hint, all of them together are
   *   longer than `maxReadSize`. The bytes stay.
   */
  readlines(hint = -1): Promise<Buffer[]> {
    const ends: number[] = [];
    let length = 0;
    let searched = 0;
    return this.#perform(hint > 0 ? 1 : Number.POSITIVE_INFINITY, (ended) => {
      checkSize(hint);
      while (hint <= 0 || length <= hint) {
        const newline = this.#bytes.indexOf(NEWLINE, this.#start + searched);
        const end = newline === -1 ? this.#unread : newline + 1 - this.#start;
        if (end - length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
        if (hint <= 0 && end > this.maxReadSize) throw readTooLong(this.maxReadSize);
        searched = end;
        if (newline === -1 && !ended) return undefined;
        if (end === length) break;
        ends.push(end);
        length = end;
      }
      const all = this.#take(length);
      return ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end));
    });
  }

  /**
   * Reads exactly `size` bytes. Source: `asyncio.StreamReader.readexactly`.
   *
   * @throws IncompleteReadError when the stream ends before. Its `partial` holds the bytes that were left; they are read.
   */
  readexactly(size: number): Promise<Buffer> {
    return this.#perform(size, (ended) => {
      checkSize(size, 0);
      if (this.#unread >= size) return this.#take(size);
      if (!ended) return undefined;
      const partial = this.#take(this.#unread);
      const message = `Cannot read ${size} bytes: the stream ended after ${partial.length} (ENODATA)`;
      throw new IncompleteReadError(message, partial, size);
    });
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
    const wanted = Buffer.from(separator);
    let searched = 0;
    return this.#perform(1, (ended) => {
      if (wanted.length === 0) throw new RangeError("Cannot read up to an empty separator: give at least one byte.");
      const found = this.#bytes.indexOf(wanted, this.#start + searched);
      const length = found === -1 ? this.#unread : found + wanted.length - this.#start;
      if (length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
      if (found !== -1) return this.#take(length);
      if (ended) {
        const message = `Cannot read up to ${JSON.stringify(wanted.toString())}: the stream ended before it (ENODATA)`;
        throw new IncompleteReadError(message, this.#take(length), null);
      }
      // The separator may have begun in the last bytes.
      searched = Math.max(0, length - wanted.length + 1);
      return undefined;
    });
  }

  /** Iterates over the lines, as {@link readline} returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return {
      next: () => {
        const line = this.#bufferedLine();
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
    this.#forget();
    return Promise.resolve();
  }

  /** The same as {@link close}: `await using reader = socket.makefile("rb")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #unread(): number {
    return this.#bytes.length - this.#start;
  }

  /** The next line, if nothing stands against taking it at once: the fast path of `readline`, and no more than that. */
  #bufferedLine(): Buffer | undefined {
    if (this.#state !== "ready") return undefined;
    const newline = this.#bytes.indexOf(NEWLINE, this.#start);
    if (newline === -1 || newline - this.#start >= this.maxLineLength) return undefined;
    return this.#take(newline + 1 - this.#start);
  }

  /**
   * Performs a read. Only one at a time: nobody else takes bytes between the first look and the result.
   *
   * @param wanted how many bytes the read is about, as far as it knows; decides how much is received at once.
   * @param take takes the result out of the unread bytes; `undefined` asks for more, which it may not once they `ended`.
   */
  async #perform<T>(wanted: number, take: (ended: boolean) => T | undefined): Promise<T> {
    if (this.#state !== "ready") throw refusal(this.#state);
    let result = take(false);
    if (result !== undefined) return result;
    this.#state = "reading";
    try {
      while (result === undefined) {
        const missing = Math.min(wanted - this.#unread, CHUNK_SIZE);
        const chunk = await this.#source.recv(Math.max(1, this.#bufferSize, missing));
        if (this.closed) throw refusal("closed");
        this.#append(chunk);
        result = take(chunk.length === 0);
      }
      return result;
    } catch (error) {
      if (error instanceof TimeoutError && !this.closed) this.#state = "timed out";
      throw error;
    } finally {
      if (this.#state === "reading") this.#state = "ready";
    }
  }

  /** Adds a chunk behind the unread bytes. The storage doubles when it is full, so a byte is moved a few times at most. */
  #append(chunk: Buffer): void {
    const unread = this.#unread;
    if (unread === 0) {
      this.#storage = this.#bytes = chunk;
      this.#start = 0;
      return;
    }
    if (this.#storage.length - this.#bytes.length < chunk.length) {
      this.#storage = Buffer.allocUnsafe(2 * (unread + chunk.length));
      this.#bytes.copy(this.#storage, 0, this.#start);
      this.#start = 0;
    }
    const end = this.#start + unread;
    chunk.copy(this.#storage, end);
    this.#bytes = this.#storage.subarray(0, end + chunk.length);
  }

  #take(length: number): Buffer {
    const end = this.#start + length;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = end;
    if (end === this.#bytes.length) this.#forget();
    return taken;
  }

  /** Lets go of the memory: an idle connection holds none. */
  #forget(): void {
    this.#storage = this.#bytes = NOTHING;
    this.#start = 0;
  }
}

function asIteratorResult(line: Buffer): IteratorResult<Buffer, undefined> {
  return line.length === 0 ? { value: undefined, done: true } : { value: line, done: false };
}

function refusal(state: Exclude<State, "ready">): OSError {
  if (state === "closed") return closedError("read", "recv");
  if (state === "timed out") return new OSError("cannot read from timed out object", { code: "EIO", syscall: "recv" });
  const message = "Cannot read: another read of this stream is still waiting (EBUSY). Await one before the next.";
  return new BusyResourceError(message, { code: "EBUSY", syscall: "recv" });
}

function lineTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxLineLength, or read it in pieces with a size.";
  return new LimitOverrunError(`Cannot read a line of more than ${limit} bytes (EMSGSIZE). ${remedy}`, limit);
}

function readTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxReadSize, or read in pieces with a size.";
  return new LimitOverrunError(`Cannot read more than ${limit} bytes to the end (EMSGSIZE). ${remedy}`, limit);
}

function checkSize(size: number, least = Number.NEGATIVE_INFINITY): void {
  if (Number.isInteger(size) && size >= least) return;
  throw new RangeError(`Cannot read ${size} bytes: a size is a whole number${least === 0 ? ", 0 or more" : ""}.`);
}

function checkOption(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it is a whole number, ${least} or more.`);
}
