/**
 * Reads bytes from a connection by the line, by the length or up to a separator: what `makefile("rb")` returns.
 *
 * The reads are those of `reader-core.ts`; this file gets the bytes: {@link StreamReader} awaits them,
 * {@link BlockingStreamReader} blocks.
 *
 * @module
 */

import { type AsyncContext, contextForRejection, settleInContext } from "../async-context.js";
import { deferred, resolverOfLatest } from "../deferred.js";
import { TimeoutError } from "../errors.js";
import { passOn } from "../turn.js";
import type { BlockingByteSource, ByteSource } from "./byte-stream.js";
import type { Reading, StreamReaderOptions } from "./read-buffer.js";
import { ReaderCore } from "./reader-core.js";

export type { StreamReaderOptions } from "./read-buffer.js";

/** A line, as an iteration has it. */
const NEXT_LINE: Reading<IteratorResult<Buffer, undefined>> = {
  wanted: 1,
  take(buffer, ended) {
    const line = buffer.takeLine(-1, ended);
    if (line === undefined) return undefined;
    return line.length === 0 ? { value: undefined, done: true } : { value: line, done: false };
  },
};

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
export class StreamReader extends ReaderCore<"await"> implements AsyncIterable<Buffer> {
  readonly #source: ByteSource;
  /** The read that waits; `null` while there is none. */
  #reading: Reading<unknown> | null = null;
  #resolve: ((value: unknown) => void) | null = null;
  /** Who waits, where it matters if the read ends with an error. */
  #context: AsyncContext | undefined;
  #isAsking = false;
  #asksAgain = false;

  /**
   * @param source where the bytes come from. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number in its range.
   */
  constructor(source: ByteSource, options: StreamReaderOptions = {}) {
    super(options);
    this.#source = source;
  }

  /** Iterates over the lines, as `readline()` returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.perform(NEXT_LINE) };
  }

  /**
   * Ends the reading and forgets the bytes that have not been read. Idempotent. The source stays open: it is its owner's; but a
   * socket that was closed before its files is now closed, if this was the last of them.
   *
   * A read that is waiting throws ClosedResourceError when its source answers.
   */
  close(): Promise<void> {
    this.end();
    return passOn(Promise.resolve());
  }

  /** The same as {@link close}: `await using reader = socket.makefile("rb")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  override perform<Value>(reading: Reading<Value>): Promise<Value> {
    let value: Value | undefined;
    try {
      value = this.tryRead(reading);
    } catch (error) {
      return passOn(Promise.reject(error));
    }
    return value === undefined ? this.#wait(reading) : passOn(Promise.resolve(value));
  }

  #wait<Value>(reading: Reading<Value>): Promise<Value> {
    const promise = deferred<Value>();
    // A read is only ever resolved with its own value.
    this.#resolve = resolverOfLatest<Value>() as (value: unknown) => void;
    this.#context = contextForRejection();
    this.#reading = reading;
    this.state = "reading";
    this.#ask();
    return promise;
  }

  /** Asks the source for bytes. One that answers before it returns is asked again here, and not from within its answer. */
  #ask(): void {
    if (this.#isAsking) {
      this.#asksAgain = true;
      return;
    }
    this.#isAsking = true;
    do {
      this.#asksAgain = false;
      if (this.#source.receive !== undefined) this.#source.receive(this);
      else this.#askByCall();
    } while (this.#asksAgain);
    this.#isAsking = false;
  }

  #askByCall(): void {
    try {
      passOn(this.#source.recv(this.wanted)).then(
        (bytes) => this.onBytes(bytes),
        (error: unknown) => this.onError(error),
      );
    } catch (error) {
      this.onError(error);
    }
  }

  /** @internal See `ByteReceiver`, which this is. */
  get wanted(): number {
    return this.buffer.shortage(this.#reading?.wanted ?? 1);
  }

  /** @internal The source's answer. */
  onBytes(bytes: Buffer): void {
    let value: unknown;
    try {
      if (this.closed) throw this.stateError();
      if (this.#reading !== null) value = this.readOn(this.#reading, bytes);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (value === undefined) this.#ask();
    else this.#settle()?.(value);
  }

  /** @internal The source's answer. */
  onError(error: unknown): void {
    if (error instanceof TimeoutError && !this.closed) this.state = "timed out";
    this.#fail(error);
  }

  #fail(error: unknown): void {
    settleInContext(this.#context, this.#settle(), () => Promise.reject(error));
  }

  /** The read ends. @returns what resolves its promise */
  #settle(): ((value: unknown) => void) | null {
    const resolve = this.#resolve;
    this.#resolve = this.#reading = null;
    this.#context = undefined;
    if (this.state === "reading") this.state = "ready";
    return resolve;
  }
}

/**
 * Reads from a {@link BlockingByteSource}: `StreamReader`, whose calls block and return instead of promising. Its reads, bounds
 * and errors are the same, but for BusyResourceError: only one call can be made at a time. Source: `socket.makefile("rb")`
 * (`io.BufferedReader`), and `readexactly` and `readuntil` of `asyncio.StreamReader`.
 *
 * @example
 * ```ts
 * for (const line of new BlockingStreamReader(socket)) console.log(line.toString());
 * ```
 */
export class BlockingStreamReader extends ReaderCore<"block"> implements Iterable<Buffer>, Disposable {
  readonly #source: BlockingByteSource;

  /**
   * @param source where the bytes come from. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number in its range.
   */
  constructor(source: BlockingByteSource, options: StreamReaderOptions = {}) {
    super(options);
    this.#source = source;
  }

  /** Iterates over the lines, as `readline()` returns them. Leaving the loop early leaves the rest to be read. */
  [Symbol.iterator](): Iterator<Buffer, undefined> {
    return { next: () => this.perform(NEXT_LINE) };
  }

  /**
   * Ends the reading and forgets the bytes that have not been read. Idempotent. The source stays open: it is its owner's; but a
   * socket that was closed before its files is now closed, if this was the last of them.
   */
  close(): void {
    this.end();
  }

  /** The same as {@link close}: `using reader = socket.makefile("rb")`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  override perform<Value>(reading: Reading<Value>): Value {
    let value = this.tryRead(reading);
    while (value === undefined) value = this.readOn(reading, this.#receive(reading.wanted));
    return value;
  }

  #receive(wanted: number): Buffer {
    try {
      return this.#source.recv(this.buffer.shortage(wanted));
    } catch (error) {
      if (error instanceof TimeoutError) this.state = "timed out";
      throw error;
    }
  }
}
