/**
 * {@link ReadAhead}: what one of Node's sockets receives.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";

const NO_BYTES = Buffer.alloc(0);

/** As much as Node's buffer holds. */
let filler: Buffer = NO_BYTES;

/** The reader of a connection. */
export interface Reader {
  /** Takes bytes as they come. @returns whether it has taken them */
  takeBytes(bytes: Buffer): boolean;
  /** Bytes have come that it has not taken. */
  onUnread(): void;
}

/**
 * Reads ahead of the calls, at most Node's own buffer's worth: the socket flows while the reader takes what comes, and is paused as
 * soon as it does not.
 */
export class ReadAhead {
  readonly #socket: NodeSocket;
  readonly #reader: Reader;
  /** Bytes that the reader has not taken. Others may be in Node's buffer behind them. */
  #unread: Buffer = NO_BYTES;
  /** Whether reading has begun. */
  hasBegun = false;
  /** Whether each {@link resume} is to be one read from the system. */
  stopsAfterRead = false;
  #isFlowing = false;
  /** What fills Node's buffer, so that it does not read from the system. */
  #stopper: Buffer | null = null;
  /** Bytes are being taken out of Node's buffer, which emits them as well. */
  #isCollecting = false;

  constructor(socket: NodeSocket, reader: Reader) {
    this.#socket = socket;
    this.#reader = reader;
  }

  /** Has Node read on. */
  resume(): void {
    if (this.#isFlowing) return;
    this.#isFlowing = true;
    if (!this.hasBegun) this.#socket.on("data", this.#onData);
    this.hasBegun = true;
    // Not before libuv is done with the last read.
    if (this.#stopper !== null) setImmediate(this.#restart);
    else this.#socket.resume();
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#isCollecting) return;
    if (this.stopsAfterRead) this.#stop();
    if (this.#unread.length === 0 && this.#reader.takeBytes(bytes)) return;
    this.#keep(bytes);
    this.#pause();
    this.#reader.onUnread();
  };

  #keep(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
  }

  #pause(): void {
    this.#isFlowing = false;
    this.#socket.pause();
  }

  /** Has Node read no more, as it does when its buffer is full after an event. pause() alone lets it read on until then. */
  #stop(): void {
    const { readableHighWaterMark } = this.#socket;
    if (filler.length < readableHighWaterMark) filler = Buffer.alloc(readableHighWaterMark);
    this.#stopper = filler;
    this.#pause();
    this.#socket.unshift(filler);
  }

  readonly #restart = (): void => {
    if (this.#stopper === null) return;
    this.#isCollecting = true;
    this.#socket.read(this.#stopper.length);
    this.#isCollecting = false;
    this.#stopper = null;
    if (this.#isFlowing) this.#socket.resume();
  };

  /** How many bytes have come and were not taken. */
  get length(): number {
    return this.#unread.length + (this.#stopper === null ? this.#socket.readableLength : 0);
  }

  /** Takes at most `size` bytes, in memory that is the caller's; none when there are none. With `peek` they stay. */
  take(size: number, peek: boolean): Buffer {
    if (this.#unread.length < size) this.collect();
    const unread = this.#unread;
    const isAll = unread.length <= size;
    const bytes = isAll ? unread : unread.subarray(0, size);
    if (peek) return Buffer.from(bytes);
    this.#unread = isAll ? NO_BYTES : unread.subarray(size);
    return bytes;
  }

  /** Takes all that is in Node's buffer, so that it outlives the socket. */
  collect(): void {
    while (this.#stopper === null && this.#socket.readableLength > 0) {
      this.#isCollecting = true;
      const bytes: Buffer | null = this.#socket.read();
      this.#isCollecting = false;
      if (bytes === null) return;
      this.#keep(bytes);
    }
  }

  /** Ends it. @returns the unread bytes; what comes from now on stays in Node's buffer */
  close(): Buffer {
    this.#pause();
    this.#restart();
    this.collect();
    this.#socket.off("data", this.#onData);
    return this.take(this.#unread.length, false);
  }
}
