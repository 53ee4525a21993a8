/**
 * {@link NativeChannel}: what every channel of the native transport has in common: its readiness, and what waits for it.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { AF_UNIX, SOCK_STREAM } from "../../constants.js";
import type { ByteReceiver } from "../../stream/byte-stream.js";
import { systemError } from "../system-error.js";
import type {
  AcceptedConnection,
  Channel,
  ChannelCounters,
  ChannelOwner,
  DescriptorMessage,
  ReceivedDatagram,
} from "../transport.js";
import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  POLL_FAILED,
  POLLIN,
  POLLOUT,
  POLLPRI,
  RETRY_TIME,
} from "./constants.js";
import { NativeDescriptor } from "./descriptor.js";
import type { PollTarget } from "./poll-target.js";

/** The end of an attempt to connect. */
interface Connecting {
  resolve(): void;
  reject(error: unknown): void;
}

/** A message that was received into the caller's memory. */
export interface ReceivedInto {
  readonly length: number;
  readonly address: Address;
  /** Whether the message was longer than the memory; the rest of it is gone. */
  readonly truncated: boolean;
}

/**
 * A non-blocking descriptor, with its readiness.
 *
 * Readiness is edge-triggered: an event says that something has changed, once. So the channel remembers what it knows, and
 * asks the system for events only when a call has found nothing, which many connections never do.
 */
export abstract class NativeChannel extends NativeDescriptor implements Channel, PollTarget {
  owner: ChannelOwner | null = null;
  receiver: ByteReceiver | null = null;
  /** Whether a receiving or accepting call may find something. */
  protected mayRead = true;
  /** The peer has ended its sending, or the connection has failed: reading never waits any more. */
  protected ended = false;
  /** Urgent bytes have come, at which a read stops before everything is read. */
  protected hadUrgent = false;
  protected bytesRead = 0;
  protected bytesWritten = 0;
  /** The owner, or the receiver, waits for something to read. */
  protected waitsToRead = false;
  /** The owner waits for room. */
  #waitsToWrite = false;
  /** That is known to the poller, which keeps the process alive as long. */
  #isHeld = false;
  #watchedEvents = 0;
  #token = -1;
  /** Waits for the connection that is being made. */
  #connection: Connecting | null = null;
  /** Repeats an attempt that the system says nothing of: the peer's backlog is full. */
  #retry: NodeJS.Timeout | null = null;

  // ── readiness ─────────────────────────────────────────────────────────────────────────────────────────────────────

  wantedBytes(_events: number): number {
    return 0;
  }

  onReceived(_received: Buffer | number, _room: number): void {}

  onReady(events: number): void {
    this.#handle(events);
    this.updateHold();
  }

  #handle(events: number): void {
    if (this.connecting) {
      this.#waitsToWrite = false;
      this.#settleConnection();
      return;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) this.ended = true;
    if ((events & EPOLLPRI) !== 0) this.hadUrgent = true;
    if ((events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) {
      this.mayRead = true;
      this.waitsToRead = false;
      this.#deliver();
      this.owner?.onReadable();
    }
    if (this.#waitsToWrite && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) !== 0) {
      this.#waitsToWrite = false;
      this.onRoom();
      this.owner?.onWritable();
    }
  }

  /** Gives the receiver what has come, or why nothing does. */
  #deliver(): void {
    const { receiver } = this;
    if (receiver === null) return;
    let bytes: Buffer | null;
    try {
      bytes = this.tryReceive(receiver.wanted, false);
    } catch (error) {
      this.receiver = null;
      this.owner?.onReceiveError(receiver, error);
      return;
    }
    if (bytes === null) {
      this.waitsToRead = true;
      return;
    }
    this.receiver = null;
    receiver.onBytes(bytes);
  }

  /** There is room for sending again. */
  protected onRoom(): void {}

  watch(direction: "read" | "write"): void {
    // A call would fail at once: there is nothing to wait for.
    if (this.descriptor < 0) return;
    if (direction === "read") {
      this.waitsToRead = true;
      this.#watch(EPOLLIN | EPOLLPRI | EPOLLRDHUP);
    } else {
      this.#waitsToWrite = true;
      this.#watch(EPOLLOUT);
    }
    this.updateHold();
  }

  /** A receiving call has found nothing: while the descriptor is watched, the next need not ask before an event. */
  protected foundNothing(): null {
    this.mayRead = !this.isWatchedForReading;
    return null;
  }

  /** Whether the system tells of everything that comes from now on, so that nothing needs to be asked before. */
  protected get isWatchedForReading(): boolean {
    return (this.#watchedEvents & EPOLLIN) !== 0;
  }

  #watch(events: number): void {
    const wanted = this.#watchedEvents | events;
    if (wanted === this.#watchedEvents) return;
    if (this.#token < 0) this.#token = this.system.register(this);
    this.check(this.system.calls.watch(this.descriptor, this.#token, wanted | EPOLLET));
    this.#watchedEvents = wanted;
  }

  /** Keeps the process alive while something is waited for, and no longer. */
  protected updateHold(): void {
    const waits = this.waitsToRead || this.#waitsToWrite;
    if (waits === this.#isHeld) return;
    this.#isHeld = waits;
    if (waits) this.system.hold();
    else this.system.letGo();
  }

  #unwatch(): void {
    this.waitsToRead = false;
    this.#waitsToWrite = false;
    this.updateHold();
    if (this.#token >= 0) this.system.deregister(this.#token);
    this.#token = -1;
    this.#watchedEvents = 0;
  }

  get readable(): boolean {
    if (this.connecting) return false;
    // A call would fail at once: a connection that was given up in time leaves its socket without one.
    if (this.descriptor < 0) return true;
    // The system is asked, since an event may be older than the call that has taken what it told of.
    return this.mayRead && (this.system.poll(this.descriptor, POLLIN) & (POLLIN | POLL_FAILED)) !== 0;
  }

  get writable(): boolean {
    if (this.connecting) return false;
    return this.descriptor < 0 || (this.system.poll(this.descriptor, POLLOUT) & (POLLOUT | POLL_FAILED)) !== 0;
  }

  get exceptional(): boolean {
    this.watch("read");
    return (this.system.poll(this.descriptor, POLLPRI) & POLLPRI) !== 0;
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  listen(backlog: number): Channel {
    this.check(this.system.calls.listen(this.descriptor, backlog));
    this.rememberName();
    return this;
  }

  connect(address: Address, mayWait: boolean): Channel | Promise<Channel> {
    if (this.#connection !== null) throw systemError("EALREADY");
    let isFull = false;
    try {
      if (this.tryConnect(address)) return this;
    } catch (error) {
      isFull = mayWait && this.isBacklogFull(error);
      if (!isFull) throw error;
    }
    return new Promise((resolve, reject) => {
      this.#connection = { resolve: () => resolve(this), reject };
      if (isFull) this.#retryConnection(address);
      else this.watch("write");
    });
  }

  override finishConnecting(): void {
    // The event may have told of more than the connection: the next call is to ask.
    this.mayRead = true;
    super.finishConnecting();
  }

  #settleConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    try {
      this.finishConnecting();
    } catch (error) {
      connection?.reject(error);
      return;
    }
    connection?.resolve();
  }

  #retryConnection(address: Address): void {
    this.connecting = true;
    this.#retry = setTimeout(() => {
      this.connecting = false;
      try {
        if (this.tryConnect(address)) this.#connection?.resolve();
        else this.watch("write");
      } catch (error) {
        if (this.isBacklogFull(error)) this.#retryConnection(address);
        else this.#connection?.reject(error);
      }
    }, RETRY_TIME);
  }

  // ── moving bytes: each kind its own ───────────────────────────────────────────────────────────────────────────────

  tryAccept(): AcceptedConnection<NativeChannel> | null {
    throw systemError("EOPNOTSUPP");
  }
  abstract tryReceive(size: number, peek: boolean): Buffer | null;
  tryReceiveFrom(_size: number, _peek: boolean): ReceivedDatagram | null {
    throw systemError("EOPNOTSUPP");
  }
  abstract tryReceiveInto(memory: Uint8Array, start: number, length: number): number | null;
  /** As {@link tryReceiveFrom}, into the caller's memory. */
  abstract tryReceiveFromInto(memory: Uint8Array, start: number, length: number): ReceivedInto | null;
  trySend(_data: Uint8Array, _start: number, _end: number, _more: boolean): number | null {
    throw systemError("EOPNOTSUPP");
  }
  enableBatching(): void {}

  trySendTo(_data: Uint8Array, _address: Address | null): number | null {
    throw systemError("EOPNOTSUPP");
  }
  trySendDescriptors(_data: Uint8Array, _descriptors: readonly number[]): number | null {
    throw systemError("EOPNOTSUPP");
  }
  tryReceiveDescriptors(_size: number): DescriptorMessage | null {
    throw systemError("EOPNOTSUPP");
  }

  // For an owner that blocks: streams make more of it.

  /** The last read took all that there was: the next one will likely have to wait. */
  drained = false;
  /** As {@link tryReceive}, but may block the thread for a moment while nothing is there. */
  receiveBlocking(size: number): Buffer | null {
    return this.tryReceive(size, false);
  }
  /** As {@link tryReceiveInto}, but may block likewise. */
  receiveIntoBlocking(memory: Uint8Array, start: number, length: number): number | null {
    return this.tryReceiveInto(memory, start, length);
  }
  /** Whether the system tells when there is room for sending to that address; `null` for the peer. */
  tellsOfRoomFor(_address: Address | null): boolean {
    return true;
  }

  flushed(): boolean {
    // The system has a copy of all that it took.
    return true;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  override shutdown(how: number): void {
    super.shutdown(how);
    // The system wakes what waits; the next call has to ask it.
    this.mayRead = true;
  }

  override endSending(): void {
    super.endSending();
    this.mayRead = true;
  }

  override close(): void {
    if (this.descriptor < 0) return;
    this.#leave();
    super.close();
  }

  override release(thread?: number): number {
    const descriptor = super.release(thread);
    this.#leave();
    return descriptor;
  }

  /** Ends all waiting: there are no events from now on. */
  #leave(): void {
    this.owner = null;
    this.#unwatch();
    if (this.#retry !== null) clearTimeout(this.#retry);
    const connection = this.#connection;
    this.#connection = null;
    this.connecting = false;
    connection?.reject(systemError("EBADF"));
  }

  abstract duplicate(): NativeChannel;

  toNodeSocket(_unread: Buffer): Duplex {
    throw systemError("EOPNOTSUPP");
  }

  prepareTransfer(): null {
    return null;
  }

  // ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get counters(): ChannelCounters {
    return { bytesRead: this.bytesRead, bytesWritten: this.bytesWritten, unreadBytes: this.unreadBytes() };
  }

  protected abstract unreadBytes(): number;

  /** Whether reads end with the bytes that there are: then a short one means that there are no more. */
  protected get readsUntilEmpty(): boolean {
    // A Unix stream also stops where somebody has sent descriptors along.
    return this.kind === SOCK_STREAM && this.family !== AF_UNIX && !this.hadUrgent;
  }
}
