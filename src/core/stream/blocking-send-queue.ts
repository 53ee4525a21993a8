/**
 * {@link BlockingSendQueue}: what a connection whose calls block has to send, in the order of the calls.
 *
 * @module
 */

import { type BlockingByteSink, toBytes, type WriteQueue } from "./byte-stream.js";

/** What a queue has room for at first. */
const FIRST_ROOM = 8192;
/** Bytes of this size and more are sent as they are: a copy would cost more than a call of the system. */
const LARGE_WRITE = 16_384;

/**
 * Collects small writes up to a bound, until {@link flush}. There is no turn of the event loop at whose end they could leave:
 * with the bound 0, each leaves at once.
 *
 * When sending fails, what had been collected is dropped: how much of it the other side has is unknown. The call that sends it
 * throws the error; after {@link start}, the next one.
 */
export class BlockingSendQueue implements WriteQueue {
  readonly #sink: BlockingByteSink;
  #memory: Buffer | null = null;
  #used = 0;
  #failure: unknown = null;

  /** @param sink what sends, whenever something leaves. */
  constructor(sink: BlockingByteSink) {
    this.#sink = sink;
  }

  /** Sends or collects the data; the caller's memory is its own again when the call returns. */
  write(data: string | Uint8Array, bound: number): number {
    const bytes = toBytes(data);
    const { length } = bytes;
    this.#throwFailure();
    const isLarge = length > bound || length >= LARGE_WRITE;
    if (isLarge || length > bound - this.#used) this.flush();
    // With the bound 0 also where there is nothing to send: the system then says whether the connection is still there.
    if (isLarge || bound === 0) this.#sink.sendall(bytes);
    else if (length > 0) this.#collect(bytes);
    return length;
  }

  /**
   * Sends what was collected, since a call is about to block for the answer. It does not throw: what had been received before
   * stays readable.
   */
  start(): void {
    try {
      this.flush();
    } catch (error) {
      this.#failure = error;
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  flush(): null {
    this.#throwFailure();
    if (this.#memory === null || this.#used === 0) return null;
    const bytes = this.#memory.subarray(0, this.#used);
    // Also where it fails: sent once more, a part of it could arrive twice.
    this.#used = 0;
    this.#sink.sendall(bytes);
    return null;
  }

  #collect(bytes: Uint8Array): void {
    const needed = this.#used + bytes.length;
    if (this.#memory === null || this.#memory.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_ROOM, 2 * needed));
      this.#memory?.copy(larger, 0, 0, this.#used);
      this.#memory = larger;
    }
    this.#memory.set(bytes, this.#used);
    this.#used = needed;
  }
}
