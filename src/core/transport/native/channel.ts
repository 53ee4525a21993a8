/**
 * What every channel of the native transport has in common: its descriptor, its readiness, its names and its end.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import {
  type AddressFamily,
  AF_INET6,
  AF_UNIX,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
} from "../../constants.js";
import { systemError, systemErrorOf } from "../system-error.js";
import type {
  AcceptedConnection,
  Channel,
  ChannelCounters,
  ChannelOwner,
  DescriptorMessage,
  ReceivedDatagram,
} from "../transport.js";
import { UnixSocketFile } from "../unix-socket-file.js";
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
  RESET_ON_CLOSE,
  RETRY_TIME,
} from "./constants.js";
import type { PollTarget } from "./poll-target.js";
import type { Poller } from "./poller.js";
import { NativeAddresses } from "./sockaddr.js";

/** For a call's one address: they are made one at a time. */
const scratch = new NativeAddresses();

interface Connecting {
  readonly address: Address;
  resolve(): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout | null;
}

/**
 * A non-blocking descriptor. What it may do in which state, the system itself knows.
 *
 * Readiness is edge-triggered: an event says that something has changed, once. So the channel remembers what it knows, and
 * asks the system for events only when a call has found nothing, which many connections never do.
 */
export abstract class NativeChannel implements Channel, PollTarget {
  owner: ChannelOwner | null = null;
  readonly family: AddressFamily;
  readonly kind: SocketKind;
  protected readonly system: Poller;
  descriptor: number;
  /** Whether a receiving or accepting call may find something. */
  protected mayRead = true;
  /** The peer has ended its sending, or the connection has failed: reading never waits any more. */
  protected ended = false;
  /** Urgent bytes have come, at which a read stops before everything is read. */
  protected hadUrgent = false;
  protected bytesRead = 0;
  protected bytesWritten = 0;
  protected peer: Address | null;
  /** A sending call has found no room. */
  #waitsToWrite = false;
  #watchedEvents = 0;
  #token = -1;
  #connecting: Connecting | null = null;
  /** The address it had, for error messages after its end. */
  #local: Address | null = null;
  #file: UnixSocketFile | null = null;

  constructor(system: Poller, family: AddressFamily, kind: SocketKind, descriptor: number, peer: Address | null) {
    this.system = system;
    this.family = family;
    this.kind = kind;
    this.descriptor = descriptor;
    this.peer = peer;
  }

  // ── readiness ─────────────────────────────────────────────────────────────────────────────────────────────────────

  wantedBytes(_events: number): number {
    return 0;
  }

  onReceived(_received: Buffer | number, _room: number): void {}

  onReady(events: number): void {
    if (this.#connecting !== null) {
      this.#finishConnecting(this.#connecting);
      return;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) this.ended = true;
    if ((events & EPOLLPRI) !== 0) this.hadUrgent = true;
    if ((events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) {
      this.mayRead = true;
      this.owner?.onReadable();
    }
    if (this.#waitsToWrite && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) !== 0) {
      this.#waitsToWrite = false;
      this.onRoom();
      this.owner?.onWritable();
    }
  }

  /** There is room for sending again. */
  protected onRoom(): void {}

  /** A receiving call found nothing: has the system tell when that changes. */
  protected awaitReadable(): null {
    this.mayRead = false;
    this.#watch(EPOLLIN | EPOLLPRI | EPOLLRDHUP);
    return null;
  }

  /** A sending call found no room: has the system tell when that changes. */
  protected awaitWritable(): null {
    this.#waitsToWrite = true;
    this.#watch(EPOLLOUT);
    return null;
  }

  #watch(events: number): void {
    const wanted = this.#watchedEvents | events;
    if (wanted === this.#watchedEvents) return;
    if (this.#token < 0) this.#token = this.system.register(this);
    this.check(this.system.calls.watch(this.descriptor, this.#token, wanted | EPOLLET));
    this.#watchedEvents = wanted;
  }

  #unwatch(): void {
    if (this.#token >= 0) this.system.deregister(this.#token);
    this.#token = -1;
    this.#watchedEvents = 0;
  }

  /** The result of a system call, or its error thrown. */
  protected check(result: number): number {
    if (result < 0) throw systemErrorOf(result);
    return result;
  }

  get readable(): boolean {
    if (this.#connecting !== null) return false;
    // A call would fail at once: a connection that was given up in time leaves its socket without one.
    if (this.descriptor < 0) return true;
    // The system is asked, since an event may be older than the call that has taken what it told of.
    if (this.mayRead && (this.system.poll(this.descriptor, POLLIN) & (POLLIN | POLL_FAILED)) !== 0) return true;
    this.awaitReadable();
    return false;
  }

  get writable(): boolean {
    if (this.#connecting !== null) return false;
    if (this.descriptor < 0) return true;
    if ((this.system.poll(this.descriptor, POLLOUT) & (POLLOUT | POLL_FAILED)) !== 0) return true;
    this.awaitWritable();
    return false;
  }

  get exceptional(): boolean {
    if (this.descriptor >= 0) this.#watch(EPOLLIN | EPOLLPRI | EPOLLRDHUP);
    return (this.system.poll(this.descriptor, POLLPRI) & POLLPRI) !== 0;
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  async bind(address: Address): Promise<void> {
    // Without a name Linux gives an abstract one, as in CPython.
    const isPath = typeof address === "string" && address !== "";
    const file = isPath && this.#local === null ? await UnixSocketFile.claim(address) : null;
    this.check(this.system.calls.bind(this.descriptor, scratch.write(address).bytes));
    file?.created();
    this.#file = file;
    this.#local = this.getsockname();
  }

  async listen(backlog: number): Promise<Channel> {
    this.check(this.system.calls.listen(this.descriptor, backlog));
    this.#local = this.getsockname();
    return this;
  }

  connect(address: Address): Promise<Channel> {
    // The system would say the same only once it has an answer.
    if (this.#connecting !== null) return Promise.reject(systemError("EALREADY"));
    return new Promise((resolve, reject) => {
      this.#connect({ address, resolve: () => resolve(this), reject, timer: null });
    });
  }

  #connect(attempt: Connecting): void {
    const result = this.system.calls.connect(this.descriptor, scratch.write(attempt.address).bytes);
    const code = result < 0 ? systemErrorOf(result) : null;
    if (code === null) {
      this.#connected(attempt);
    } else if (code.code === "EINPROGRESS") {
      this.#connecting = attempt;
      this.awaitWritable();
    } else if (code.code === "EAGAIN" && this.family === AF_UNIX) {
      this.#connecting = attempt;
      attempt.timer = setTimeout(() => this.#connect(attempt), RETRY_TIME);
    } else {
      this.#connecting = null;
      attempt.reject(code);
    }
  }

  #connected(attempt: Connecting): void {
    this.#connecting = null;
    // The peer as the system reached it, which need not be as the caller wrote it; and none where it was refused, and
    // somebody else has read the error.
    const errno = this.system.calls.getpeername(this.descriptor, scratch.bytes);
    if (errno < 0) {
      attempt.reject(systemErrorOf(errno));
      return;
    }
    this.peer = scratch.read();
    attempt.resolve();
  }

  #finishConnecting(attempt: Connecting): void {
    if (attempt.timer !== null) return;
    // The event may have told of more than the connection: who waits to receive is to ask.
    this.mayRead = true;
    const errno = this.getsockopt(SOL_SOCKET, SO_ERROR);
    if (errno === 0) {
      this.#connected(attempt);
      return;
    }
    this.#connecting = null;
    attempt.reject(systemErrorOf(-errno));
  }

  /** Whether a connection is being made, for which sending and receiving wait. */
  protected get connecting(): boolean {
    return this.#connecting !== null;
  }

  // ── moving bytes: each kind its own ───────────────────────────────────────────────────────────────────────────────

  tryAccept(): AcceptedConnection | null {
    throw systemError("EOPNOTSUPP");
  }
  abstract tryReceive(size: number, peek: boolean): Buffer | null;
  tryReceiveFrom(_size: number, _peek: boolean): ReceivedDatagram | null {
    throw systemError("EOPNOTSUPP");
  }
  trySend(_data: Uint8Array): number | null {
    throw systemError("EOPNOTSUPP");
  }
  sendCoalesced(_data: Uint8Array): boolean {
    return false;
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
  flushed(): boolean {
    // The system has a copy of all that it took.
    return true;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  shutdown(how: number): void {
    this.check(this.system.calls.shutdown(this.descriptor, how));
    // Whoever waits is told by the system; whoever asks next is to ask the system.
    this.mayRead = true;
  }

  endSending(): void {
    this.system.calls.shutdown(this.descriptor, SHUT_WR);
    this.mayRead = true;
  }

  close(): void {
    if (this.descriptor < 0) return;
    this.#leave();
    this.system.calls.close(this.descriptor);
    this.descriptor = -1;
    this.#file?.remove();
  }

  abort(): void {
    if (this.descriptor < 0) return;
    if (this.family !== AF_UNIX) {
      this.system.calls.setsockopt(this.descriptor, SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE, RESET_ON_CLOSE.length);
    }
    this.close();
  }

  release(thread?: number): number {
    if (this.descriptor < 0) throw systemError("EBADF");
    const { descriptor } = this;
    const { calls } = this.system;
    this.check(thread === undefined ? calls.release(descriptor) : calls.transfer(descriptor, thread));
    this.#leave();
    this.descriptor = -1;
    return descriptor;
  }

  /** Nobody is told anything any more. */
  #leave(): void {
    this.owner = null;
    this.#unwatch();
    const connecting = this.#connecting;
    this.#connecting = null;
    if (connecting === null) return;
    if (connecting.timer !== null) clearTimeout(connecting.timer);
    connecting.reject(systemError("EBADF"));
  }

  abstract duplicate(): Channel;

  toNodeSocket(): Duplex {
    throw systemError("EOPNOTSUPP");
  }

  prepareTransfer(): null {
    return null;
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  getsockname(): Address {
    if (this.descriptor < 0) return this.#local ?? this.#noAddress();
    this.check(this.system.calls.getsockname(this.descriptor, scratch.bytes));
    return scratch.read();
  }

  #noAddress(): Address {
    if (this.family === AF_UNIX) return "";
    return [this.family === AF_INET6 ? "::" : "0.0.0.0", 0];
  }

  getpeername(): Address {
    if (this.peer === null) throw systemError("ENOTCONN");
    return this.peer;
  }

  fileno(): number {
    return this.descriptor;
  }

  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    const bytes = typeof value === "number" ? new Uint8Array(Int32Array.of(value).buffer) : value;
    this.check(this.system.calls.setsockopt(this.descriptor, level, option, bytes, bytes.length));
  }

  getsockopt(level: number, option: number): number {
    const value = new Int32Array(1);
    this.check(this.system.calls.getsockopt(this.descriptor, level, option, new Uint8Array(value.buffer)));
    return value[0] ?? 0;
  }

  getsockoptBytes(level: number, option: number, length: number): Buffer {
    const value = Buffer.alloc(length);
    return value.subarray(0, this.check(this.system.calls.getsockopt(this.descriptor, level, option, value)));
  }

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
