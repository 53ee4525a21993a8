/**
 * A connected stream on `node:net`.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import type { Duplex } from "node:stream";
import { type Address, anyAddress } from "../../address/address.js";
import { AF_UNIX, SHUT_RD, SHUT_WR } from "../../constants.js";
import { codeOf } from "../../errors.js";
import { systemError } from "../system-error.js";
import type { ChannelCounters, TransferableConnection } from "../transport.js";
import { addressOf } from "./addresses.js";
import { afterReading } from "./after-reading.js";
import { NodeChannel } from "./channel.js";
import { asFreshSocket, replay } from "./given-socket.js";
import { descriptorOf, stopReading } from "./internals.js";
import { ReadAhead, type Reader } from "./read-ahead.js";
import type { NodeStreamOptions } from "./stream-options.js";

/** The most that Node is given at once, and so the most that may still be on its way when a sender gives up. */
const MAX_WRITE = 65_536;
/** Writes up to this size get memory of their own, from Node's pool; larger ones share {@link scratch}. */
const SMALL_WRITE = 4096;
/** Seconds for which a closed connection may go on sending what it had taken, before it is broken. */
const LINGER_SECONDS = 30;

const NO_BYTES = Buffer.alloc(0);

/** Shared memory to write from. A connection whose write gets stuck keeps it, and the next write makes another. */
let scratch: Buffer | null = null;

/**
 * A connection: bytes in, bytes out.
 *
 * Reading begins with the first call that asks for bytes or sends some: until then the connection can move to another thread or
 * process as it is.
 */
export class NodeConnection extends NodeChannel implements Reader {
  readonly #socket: NodeSocket;
  readonly #local: Address;
  readonly #peer: Address | null;
  #options: NodeStreamOptions;
  readonly #received: ReadAhead;
  /** The system was asked for bytes before the first write; that waits for the answer. */
  #wasRead = false;
  #isDeferring = false;
  /** Nothing comes any more: the peer has ended its sending, or this side its receiving. */
  #ended = false;
  #isDiscarding = false;
  #readError: Error | null = null;
  #sendError: Error | null = null;
  #sendEnded = false;
  /** Writes are held back, to leave together with the next one. */
  #corked = false;
  /** A write has not left yet: the system has no room for it. */
  #stuck = false;
  #closed = false;
  /** Another process may have the connection as well: what ends it there is not to be done here. */
  #lent = false;

  /**
   * @param socket a connected socket that is paused and allows half-open connections.
   * @param local the local address, or `null` to ask Node: now, since it forgets as soon as the connection is gone.
   * @param peer `null` when the peer was gone before Node could ask who it is.
   */
  constructor(socket: NodeSocket, options: NodeStreamOptions, local: Address | null, peer: Address | null) {
    super();
    this.#socket = socket;
    this.#received = new ReadAhead(socket, this);
    this.#options = options;
    this.#local = local ?? addressOf(socket.localAddress, socket.localPort) ?? anyAddress(options.family);
    this.#peer = peer;
    socket.on("end", this.#onEnd).on("error", this.#onError);
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────────────────────────

  override watch(direction: "read" | "write"): void {
    if (direction === "read") this.#received.resume();
  }

  takeBytes(bytes: Buffer): boolean {
    if (this.#isDiscarding) return true;
    const { receiver } = this;
    if (receiver === null || bytes.length > receiver.wanted) return false;
    this.receiver = null;
    receiver.onBytes(bytes);
    return true;
  }

  onUnread(): void {
    this.serveReader();
  }

  readonly #onEnd = (): void => {
    const socket = this.#socket;
    // Behind bytes, libuv reports a reset as an end (1.46 and 1.51, in Node 20 and 22), and the system knows better: it is asked
    // by a write of nothing. One that is stuck fails before the turn is over.
    if (this.#stuck || this.#isDeferring) {
      setImmediate(this.#onEndConfirmed);
      return;
    }
    if (!this.#sendEnded) {
      this.#uncork();
      socket.write(NO_BYTES);
    }
    this.#onEndConfirmed();
  };

  readonly #onEndConfirmed = (): void => {
    if (this.#socket.errored !== null) this.#fail(this.#socket.errored);
    if (this.#readError === null) this.#ended = true;
    this.serveReader();
  };

  readonly #onError = (error: Error): void => {
    this.#fail(error);
    this.serveReader();
    this.owner?.onWritable();
  };

  /** Node has closed the connection. What it had received stays readable; what the system still held is gone with it. */
  #fail(error: Error): void {
    if (this.#sendError !== null) return;
    this.#sendError = error;
    this.#received.collect();
    // A peer that has closed its side has ended its sending in good order, as far as the system knows.
    if (codeOf(error) === "EPIPE") this.#ended = true;
    else this.#readError = error;
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    const bytes = this.#received.take(size, peek);
    return bytes.length > 0 ? bytes : this.#foundNothing();
  }

  #foundNothing(): Buffer | null {
    if (this.#ended) return NO_BYTES;
    if (this.#readError !== null) {
      this.#takeSendError();
      throw this.#readError;
    }
    // Also without watch(): a program that may not wait just asks again, and Node is to read meanwhile.
    this.#received.resume();
    return null;
  }

  override get readable(): boolean {
    if (this.#received.length > 0 || this.#ended || this.#readError !== null) return true;
    this.#received.resume();
    return false;
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Node goes on sending from the memory that it got, also when the sender has given up meanwhile: so it gets a copy. */
  override trySend(data: Uint8Array, start: number, end: number, more: boolean): number | null {
    if (this.#sendError !== null) throw this.#takeSendError();
    const socket = this.#socket;
    if (this.#sendEnded) throw systemError("EPIPE");
    if (this.#stuck || (this.#isDeferring && socket.writableLength >= MAX_WRITE)) return null;
    if (!this.#wasRead) this.#readFirst();
    const size = Math.min(end - start, MAX_WRITE);
    const waits = this.#isDeferring || (more && socket.writableLength + size < MAX_WRITE);
    if (waits && !this.#corked) {
      this.#corked = true;
      socket.cork();
    }
    const isFine = socket.write(copyOf(size === data.length ? data : data.subarray(start, start + size), waits));
    // Nearly always the system has taken everything.
    if (waits || (isFine && !this.#corked && socket.writableLength === 0)) return size;
    this.#push();
    if (this.#sendError !== null) throw this.#takeSendError();
    return size;
  }

  /** Node closes a connection when a write fails, and what the system still holds is lost. So the first write waits for a read. */
  #readFirst(): void {
    this.#wasRead = true;
    if (this.#socket.bytesRead > 0) return;
    this.#isDeferring = true;
    this.#received.resume();
    afterReading(this.#endDeferring);
  }

  readonly #endDeferring = (): void => {
    if (!this.#isDeferring) return;
    this.#isDeferring = false;
    this.#push();
    this.owner?.onWritable();
  };

  /** Sees what has become of the last write. */
  #push(): void {
    this.#uncork();
    const socket = this.#socket;
    // Node knows at once that a write has failed, and emits the error only later.
    if (socket.errored !== null) this.#fail(socket.errored);
    if (socket.writableLength === 0 || socket.destroyed) return;
    this.#stuck = true;
    scratch = null;
    // Its callback comes when the stuck write has left. A callback with every write would cost a tick with every write.
    if (this.#sendEnded) socket.once("finish", this.#onSent);
    else socket.write(NO_BYTES, this.#onSent);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  readonly #onSent = (): void => {
    this.#stuck = false;
    this.owner?.onWritable();
  };

  /** Why nothing can be sent. As in the system, the failure is reported once, to the direction that asks first; then EPIPE. */
  #takeSendError(): Error | null {
    const error = this.#sendError;
    this.#sendError = systemError("EPIPE");
    return error;
  }

  override flushed(): boolean {
    if (this.#corked && !this.#isDeferring) this.#push();
    if (this.#sendError !== null) throw this.#takeSendError();
    return !this.#stuck && !this.#isDeferring;
  }

  override get writable(): boolean {
    return !this.#stuck || this.#sendError !== null;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  override shutdown(how: number): void {
    if (this.#readError !== null) throw systemError("ENOTCONN");
    if (how !== SHUT_RD && !this.#sendEnded) {
      this.#endDeferring();
      this.#sendEnded = true;
      this.#socket.end();
      // From now on no write can tell a reset from an end. A read of its own does.
      this.#received.stopsAfterRead = true;
      // What has not been taken never will be.
      this.owner?.onWritable();
    }
    if (how === SHUT_WR) return;
    this.#ended = true;
    // Read on and throw away, so that the peer can finish sending and its end is noticed.
    this.#isDiscarding = true;
    this.#received.take(Number.POSITIVE_INFINITY, false);
    this.#received.resume();
    this.serveReader();
  }

  override close(): void {
    if (this.#closed) return;
    this.#endDeferring();
    this.#leave();
    const socket = this.#socket;
    if (this.#options.resetOnClose && !this.#lent) this.#reset();
    else if (socket.writableLength === 0) socket.destroy();
    else this.#lingerThenDestroy();
  }

  override abort(): void {
    this.#leave();
    this.#reset();
  }

  #leave(): void {
    this.#closed = true;
    this.owner = null;
  }

  #lingerThenDestroy(): void {
    const socket = this.#socket;
    const timer = setTimeout(() => socket.destroy(), LINGER_SECONDS * 1000);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.destroySoon();
  }

  #reset(): void {
    const socket = this.#socket;
    if (this.#options.family === AF_UNIX || socket.destroyed) {
      // Only TCP has resets; Node refuses to make one of a Unix stream.
      socket.destroy();
    } else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
      // libuv refuses a reset while its shutdown is under way, and then forgets the descriptor. It is over in the next turn.
      socket.once("finish", () => socket.resetAndDestroy());
    } else {
      socket.resetAndDestroy();
    }
  }

  // ── lending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  override toNodeSocket(unread: Buffer): Duplex {
    const socket = this.#socket;
    this.#endDeferring();
    this.#leave();
    this.#uncork();
    socket.off("end", this.#onEnd).off("error", this.#onError);
    const bytes = Buffer.concat([unread, this.#received.close()]);
    // Behind the end, Node refuses to take bytes back, and does not emit the end again.
    const isOver = this.#ended || socket.readableEnded || socket.destroyed;
    return isOver ? replay(bytes, socket, this.#readError) : asFreshSocket(socket, bytes);
  }

  override prepareTransfer(): TransferableConnection {
    const socket = this.#socket;
    this.#endDeferring();
    this.#lent = true;
    this.#uncork();
    const unread = this.#received.close();
    if (this.#received.hasBegun) stopReading(socket);
    return { socket, unread };
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  override getsockname(): Address {
    return this.#local;
  }

  override getpeername(): Address {
    if (this.#peer === null) throw systemError("ENOTCONN");
    return this.#peer;
  }

  override fileno(): number {
    return descriptorOf(this.#socket);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options = this.#options.with(level, option, value, this.#socket);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, false);
  }

  override get counters(): ChannelCounters {
    const { bytesRead, bytesWritten } = this.#socket;
    return { bytesRead, bytesWritten, unreadBytes: this.#received.length };
  }
}

/** A copy: in memory of its own when it has to last, otherwise in {@link scratch} where that is cheaper. */
function copyOf(data: Uint8Array, lasts: boolean): Buffer {
  if (lasts || data.length <= SMALL_WRITE) return Buffer.from(data);
  scratch ??= Buffer.allocUnsafeSlow(MAX_WRITE);
  scratch.set(data);
  return data.length === MAX_WRITE ? scratch : scratch.subarray(0, data.length);
}
