/**
 * Writes bytes, straight through or collected, and blocks meanwhile: what `makefile("wb")` of a blocking socket returns.
 *
 * @module
 */

import { closedError } from "../errors.js";
import { toBytes } from "./byte-stream.js";

/** Something that bytes are sent to by a call that returns when they are sent. A `BlockingSocket` is one. */
export interface BlockingByteSink {
  /**
   * Sends all the bytes, and blocks while the other side does not take them. Source: `socket.sendall`.
   *
   * @param data the bytes; the caller's again when the call returns.
   */
  sendall(data: Uint8Array): void;
}

/** What a {@link BlockingStreamWriter} may be told. */
export interface BlockingStreamWriterOptions {
  /** Up to how many bytes are collected before they are sent. 0, the default: none, every write is sent at once. */
  readonly bufferSize?: number | undefined;
}

/**
 * Writes to a {@link BlockingByteSink}: `StreamWriter`, whose calls return when the sink has taken the bytes. Source:
 * `socketserver._SocketWriter` and, with a buffer size, `io.BufferedWriter`.
 *
 * When sending fails, what had been collected is dropped, because nobody knows how much of it the other side has.
 *
 * @example
 * ```ts
 * const writer = new BlockingStreamWriter(socket);
 * writer.write("hello\n"); // 6
 * ```
 */
export class BlockingStreamWriter implements Disposable {
  readonly #sink: BlockingByteSink;
  readonly #bufferSize: number;
  #collected: Buffer | undefined;
  #used = 0;
  #closed = false;

  /**
   * @param sink where the bytes go. Closing it remains its owner's business.
   * @throws RangeError for an option that is not a whole number, 0 or more.
   */
  constructor(sink: BlockingByteSink, { bufferSize = 0 }: BlockingStreamWriterOptions = {}) {
    if (!Number.isInteger(bufferSize) || bufferSize < 0) {
      throw new RangeError(`Cannot use bufferSize ${bufferSize}: it is a whole number, 0 or more.`);
    }
    this.#sink = sink;
    this.#bufferSize = bufferSize;
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether this is something to write to: true until {@link close}. Source: `io.IOBase.writable`. */
  writable(): boolean {
    return !this.closed;
  }

  /**
   * Writes all of the data, whatever its size, and returns when the sink has taken it. With a buffer size, what fits is copied
   * and waits for more, and the call returns at once. Source: `io.RawIOBase.write` as `wfile` has it.
   *
   * @param data bytes, or a string that is sent as UTF-8.
   * @returns the number of bytes (not of characters).
   * @throws ClosedResourceError after {@link close}.
   * @throws Whatever the sink throws.
   */
  write(data: string | Uint8Array): number {
    if (this.#closed) throw closedError("write", "send");
    const bytes = toBytes(data);
    const { length } = bytes;
    if (length > this.#bufferSize - this.#used) {
      this.#sendCollected();
      if (length < this.#bufferSize) this.#collect(bytes);
      else this.#sink.sendall(bytes);
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
  writelines(lines: Iterable<string | Uint8Array>): void {
    const pieces: Uint8Array[] = [];
    for (const line of lines) pieces.push(toBytes(line));
    this.write(Buffer.concat(pieces));
  }

  /**
   * Sends what was collected. Source: `io.IOBase.flush`.
   *
   * @throws ClosedResourceError after {@link close}.
   * @throws Whatever the sink throws.
   */
  flush(): void {
    if (this.#closed) throw closedError("flush", "send");
    this.#sendCollected();
  }

  /**
   * Flushes and ends the writing. The sink stays open: it is its owner's. Idempotent. Source: `io.IOBase.close`.
   *
   * @throws Whatever the sink throws. The writer is closed even so.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sendCollected();
  }

  /** The same as {@link close}: `using writer = socket.makefile("wb")`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Copies the bytes: they fit, and are the caller's again at once. */
  #collect(bytes: Uint8Array): void {
    this.#collected ??= Buffer.allocUnsafe(this.#bufferSize);
    this.#collected.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #sendCollected(): void {
    if (this.#collected === undefined || this.#used === 0) return;
    const bytes = this.#collected.subarray(0, this.#used);
    // Also where it fails: sent once more, a part of it could arrive twice.
    this.#used = 0;
    this.#sink.sendall(bytes);
  }
}
