/**
 * Writes bytes to a connection: what `makefile("wb")` returns.
 *
 * The writes are those of `writer-core.ts`; the bytes go through a queue, which sends them: {@link StreamWriter} promises,
 * {@link BlockingStreamWriter} blocks.
 *
 * @module
 */

import { defaults } from "../defaults.js";
import { passOn } from "../turn.js";
import { BlockingSendQueue } from "./blocking-send-queue.js";
import type { BlockingByteSink, ByteSink, WriteQueue } from "./byte-stream.js";
import { queueOver } from "./sink-queue.js";
import { type StreamWriterOptions, WriterCore } from "./writer-core.js";

export type { StreamWriterOptions } from "./writer-core.js";

/** Something that has a queue, and nothing to send by. */
interface WithQueue {
  readonly sendQueue: WriteQueue;
}

/** What a {@link BlockingStreamWriter} may be told. */
export type BlockingStreamWriterOptions = StreamWriterOptions;

/**
 * Writes to a {@link ByteSink}. Source: `socketserver._SocketWriter` and `io.BufferedWriter`.
 *
 * Small writes are collected, and leave together: when a reader of the same socket is about to wait, when the turn of the event
 * loop ends, when the buffer is full (64 KiB), on `flush()` and `close()`, and when the process exits. So `write()` usually
 * resolves at once, and a peer that does not read makes it wait. A failure to send what was collected is thrown by the next
 * `write()`, `flush()` or `close()`. Before long synchronous work, `await flush()`.
 *
 * Bytes leave in the order of the calls, awaited or not, also of several writers and of `sendall()` of one socket. After a
 * failure nothing more is sent: it would come after a gap.
 *
 * @example
 * ```ts
 * const writer = new StreamWriter(socket);
 * await writer.write("hello\n"); // 6
 * ```
 */
export class StreamWriter extends WriterCore<"await"> {
  readonly #sink: ByteSink | WithQueue;
  #closing: Promise<void> | null = null;

  /**
   * @param sink where the bytes go. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number, 0 or more.
   */
  constructor(sink: ByteSink, options?: StreamWriterOptions);
  /** @internal Writes to a queue. */
  constructor(sink: WithQueue);
  constructor(sink: ByteSink | WithQueue, { bufferSize = defaults.writeBufferSize }: StreamWriterOptions = {}) {
    super(bufferSize);
    this.#sink = sink;
  }

  /** @internal */
  protected override getQueue(): WriteQueue {
    const sink = this.#sink;
    return "sendall" in sink ? (sink.sendQueue ?? queueOver(sink)) : sink.sendQueue;
  }

  /**
   * Flushes and ends the writing. The sink stays open: it is its owner's; but a socket that was closed before its files is now
   * closed, if this was the last of them. Source: `io.IOBase.close`.
   *
   * Idempotent: a second call waits for the first, and does not report its error once more.
   *
   * @throws Whatever the sink throws. The writer is closed even so.
   */
  close(): Promise<void> {
    if (this.#closing !== null) return passOn(this.#closing.catch(() => undefined));
    this.#closing = this.#close();
    // A promise of its own: what a second call looks away from would else count as looked at for the first, too.
    return this.#closing.then();
  }

  async #close(): Promise<void> {
    try {
      await this.end();
    } finally {
      this.release();
    }
  }

  /** The same as {@link close}: `await using writer = socket.makefile("wb")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  override perform<Value>(call: () => Value | Promise<Value>): Promise<Value> {
    try {
      const outcome = call();
      if (outcome instanceof Promise) return passOn(outcome);
      return passOn(Promise.resolve(outcome), typeof outcome === "number" ? outcome : 0);
    } catch (error) {
      return passOn(Promise.reject(error));
    }
  }
}

/**
 * Writes to a {@link BlockingByteSink}: `StreamWriter`, whose calls return when the sink has taken the bytes. Source:
 * `socketserver._SocketWriter` and, with a buffer size, `io.BufferedWriter`.
 *
 * With a buffer size, small writes are collected until `flush()`, until they would be more, or until a call on the same socket
 * receives. When sending fails, what had been collected is dropped: how much of it the other side has is unknown.
 *
 * @example
 * ```ts
 * const writer = new BlockingStreamWriter(socket);
 * writer.write("hello\n"); // 6
 * ```
 */
export class BlockingStreamWriter extends WriterCore<"block"> implements Disposable {
  readonly #sink: BlockingByteSink | WithQueue;

  /**
   * @param sink where the bytes go. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number, 0 or more.
   */
  constructor(sink: BlockingByteSink, options?: BlockingStreamWriterOptions);
  /** @internal Writes to a queue. */
  constructor(sink: WithQueue);
  constructor(sink: BlockingByteSink | WithQueue, { bufferSize = 0 }: BlockingStreamWriterOptions = {}) {
    super(bufferSize);
    this.#sink = sink;
  }

  /** @internal */
  protected override getQueue(): WriteQueue {
    const sink = this.#sink;
    return "sendall" in sink ? (sink.sendQueue ?? new BlockingSendQueue(sink)) : sink.sendQueue;
  }

  /**
   * Flushes and ends the writing. The sink stays open: it is its owner's; but a socket that was closed before its files is now
   * closed, if this was the last of them. Idempotent. Source: `io.IOBase.close`.
   *
   * @throws Whatever the sink throws. The writer is closed even so.
   */
  close(): void {
    if (this.closed) return;
    try {
      // Its queue promises nothing.
      void this.end();
    } finally {
      this.release();
    }
  }

  /** The same as {@link close}: `using writer = socket.makefile("wb")`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  override perform<Value>(call: () => Value | Promise<Value>): Value {
    // Its queue promises nothing.
    return call() as Value;
  }
}
