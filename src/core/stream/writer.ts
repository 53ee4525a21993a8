/**
 * Writes bytes to a connection, straight through or collected: what `makefile("wb")` returns.
 *
 * @module
 */

import { defaults } from "../defaults.js";
import { BusyResourceError, closedError } from "../errors.js";
import { type ByteSink, toBytes } from "./byte-stream.js";

/** What a {@link StreamWriter} may be told. */
export interface StreamWriterOptions {
  /** Up to how many bytes are collected before they are sent. 0, the default: none, every write is sent at once. */
  readonly bufferSize?: number | undefined;
  /**
   * How many bytes of writes that nobody awaits may wait behind the one that is being sent; each write counts as its bytes
   * and 256 more, for what it takes besides. When more wait already, the next write is refused. 16,777,216 (16 MiB) by
   * default. It does not bound the size of a single write.
   */
  readonly maxQueueSize?: number | undefined;
}

/** What a waiting write counts beyond its bytes: its promises take memory too, for a single byte far more than the byte. */
const WRITE_OVERHEAD = 256;

/**
 * Writes to a {@link ByteSink}. Source: `socketserver._SocketWriter` and, with a buffer size, `io.BufferedWriter`.
 *
 * Bytes leave in the order of the calls, awaited or not, and the sink sees one `sendall()` at a time. When one fails, the
 * writes that wait behind it fail with the same error and are not sent: nothing is sent after a gap. What had been
 * collected is dropped then, because nobody knows how much of it the other side has.
 *
 * @example
 * ```ts
 * const writer = new StreamWriter(socket);
 * await writer.write("hello\n"); // 6
 * ```
 */
export class StreamWriter {
  readonly #sink: ByteSink;
  readonly #bufferSize: number;
  readonly #maxQueueSize: number;
  #collected: Buffer | undefined;
  #used = 0;
  /** The last `sendall()` that was asked for, while it is not done. */
  #sending: Promise<void> | undefined;
  /** What waits for that one's predecessors: bytes, and {@link WRITE_OVERHEAD} for each write. */
  #queued = 0;
  #closing: Promise<void> | undefined;

  /**
   * @param sink where the bytes go. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number, 0 or more.
   */
  constructor(sink: ByteSink, options: StreamWriterOptions = {}) {
    this.#sink = sink;
    this.#bufferSize = checkOption("bufferSize", options.bufferSize ?? 0);
    this.#maxQueueSize = checkOption("maxQueueSize", options.maxQueueSize ?? defaults.maxQueueSize);
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether this is something to write to: true until {@link close}. Source: `io.IOBase.writable`. */
  writable(): boolean {
    return !this.closed;
  }

  /**
   * Writes all of the data, whatever its size, and waits until the sink has taken it. With a buffer size, what fits is
   * copied and waits for more, and the promise settles at once. Source: `io.RawIOBase.write` as `wfile` has it.
   *
   * @param data bytes, or a string that is sent as UTF-8. Bytes must not change until the promise settles.
   * @returns the number of bytes (not of characters).
   * @throws ClosedResourceError after {@link close}.
   * @throws BusyResourceError when earlier writes of more than `maxQueueSize` wait: await them.
   * @throws Whatever the sink throws.
   */
  async write(data: string | Uint8Array): Promise<number> {
    if (this.#closing !== undefined) throw closedError("write", "send");
    if (this.#queued > this.#maxQueueSize) throw queueFull(this.#queued);
    const bytes = toBytes(data);
    const length = bytes.length;
    if (length > this.#bufferSize - this.#used) {
      // All is put in line before anything is awaited: that keeps the order of calls that nobody awaits.
      let sending = this.#sendCollected();
      if (length < this.#bufferSize) this.#collect(bytes);
      else sending = this.#send(bytes);
      await this.#finished(sending);
    } else if (length > 0) {
      this.#collect(bytes);
    }
    return length;
  }

  /**
   * Writes several pieces, joined and sent as one; nothing is put between them. Source: `io.IOBase.writelines`.
   *
   * @param lines pieces as {@link write} takes them. All of them are held at once: write what is endless piece by piece.
   */
  async writelines(lines: Iterable<string | Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for (const line of lines) pieces.push(toBytes(line));
    await this.write(Buffer.concat(pieces));
  }

  /**
   * Sends what was collected and waits until the sink has taken everything that was written before. Source:
   * `io.IOBase.flush`.
   *
   * @throws ClosedResourceError after {@link close}.
   * @throws Whatever the sink throws.
   */
  async flush(): Promise<void> {
    if (this.#closing !== undefined) throw closedError("flush", "send");
    await this.#finished(this.#sendCollected() ?? this.#sending);
  }

  /**
   * Flushes and ends the writing. The sink stays open: it is its owner's. Source: `io.IOBase.close`.
   *
   * Idempotent: a second call waits for the first, and does not report its error once more.
   *
   * @throws Whatever the sink throws. The writer is closed even so.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.catch(() => undefined);
    this.#closing = this.flush();
    // A promise of its own: what a second call looks away from would else count as looked at for the first, too.
    return this.#closing.then();
  }

  /** The same as {@link close}: `await using writer = socket.makefile("wb")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Copies the bytes: they fit, and are the caller's again at once. */
  #collect(bytes: Uint8Array): void {
    this.#collected ??= Buffer.allocUnsafe(this.#bufferSize);
    this.#collected.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Puts what was collected in line. The next bytes are collected in new memory: this one is the sink's now. */
  #sendCollected(): Promise<void> | undefined {
    if (this.#collected === undefined) return undefined;
    const bytes = this.#collected.subarray(0, this.#used);
    this.#collected = undefined;
    this.#used = 0;
    return this.#send(bytes);
  }

  /** Sends now, or when everything before it is sent; never, when that fails. */
  #send(bytes: Uint8Array): Promise<void> {
    if (this.#sending === undefined) {
      this.#sending = this.#sink.sendall(bytes);
    } else {
      const size = bytes.length + WRITE_OVERHEAD;
      this.#queued += size;
      const previous = this.#sending.finally(() => {
        this.#queued -= size;
      });
      this.#sending = previous.then(() => this.#sink.sendall(bytes));
    }
    return this.#sending;
  }

  /** Waits for one of the promises of {@link #send}, and forgets it when it was the last. */
  async #finished(sending: Promise<void> | undefined): Promise<void> {
    try {
      await sending;
    } catch (error) {
      // Sending these would leave a gap before them.
      this.#collected = undefined;
      this.#used = 0;
      throw error;
    } finally {
      if (this.#sending === sending) this.#sending = undefined;
    }
  }
}

function queueFull(queued: number): BusyResourceError {
  const message = `Cannot write: earlier writes of ${queued} bytes, with what each takes besides, still wait (ENOBUFS). Await every write.`;
  return new BusyResourceError(message, { code: "ENOBUFS", syscall: "send" });
}

function checkOption(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it is a whole number, 0 or more.`);
}
