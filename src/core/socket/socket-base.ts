/**
 * {@link SocketBase}: what a socket is, before it moves any bytes: its channel, names, options, time-out and end.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { type Address, formatAddress, protocolName } from "../address/address.js";
import { type AddressFamily, SO_ERROR, SOCK_DGRAM, SOCK_RAW, SOL_SOCKET, type SocketKind } from "../constants.js";
import { BusyResourceError, closedError, codeOf, osError } from "../errors.js";
import { defaultTransport } from "../transport/index.js";
import type {
  AdoptedSocket,
  Channel,
  ChannelCounters,
  TransferableConnection,
  Transport,
} from "../transport/transport.js";
import { SendQueue } from "./send-queue.js";
import { SocketTimeout } from "./timeout.js";

/** What a new socket can be given. */
export interface SocketOptions {
  /** How its bytes move; by default what `capabilities()` names. */
  readonly transport?: Transport;
  /**
   * A descriptor that the socket takes over, and closes from then on; family, kind and protocol are read off it. Source:
   * the `fileno` of `socket.socket`. @throws UnsupportedOperation on the Node transport
   */
  readonly fileno?: number;
}

/** No option is longer; CPython has the same bound. */
const MAX_OPTION_LENGTH = 1024;

/** @internal How many bytes of an option are to be read. @throws RangeError */
export function checkOptionLength(length: number): number {
  if (Number.isInteger(length) && length >= 1 && length <= MAX_OPTION_LENGTH) return length;
  throw new RangeError(`Cannot read ${length} bytes of an option: give a whole number from 1 to ${MAX_OPTION_LENGTH}.`);
}

function open(transport: Transport, family: AddressFamily, type: SocketKind, proto: number): Channel {
  try {
    return transport.open(family, type, proto);
  } catch (error) {
    throw codeOf(error) === "" ? error : osError(`make a ${protocolName(family, type)} socket`, error, "socket");
  }
}

function adopt(transport: Transport, descriptor: number): AdoptedSocket {
  try {
    return transport.adopt(descriptor);
  } catch (error) {
    throw codeOf(error) === "" ? error : osError(`take over the descriptor ${descriptor}`, error, "socket");
  }
}

function hasPeer(channel: Channel): boolean {
  try {
    channel.getpeername();
    return true;
  } catch {
    return false;
  }
}

/** The state of a socket, and the calls that only ask or set. `Socket` adds those that move bytes. */
export abstract class SocketBase extends SocketTimeout implements AsyncDisposable {
  /** The address family: `AF_INET`, `AF_INET6` or `AF_UNIX`. */
  readonly family: AddressFamily;
  /** The kind: `SOCK_STREAM` or `SOCK_DGRAM`. */
  readonly type: SocketKind;
  /** The protocol's number; usually 0, the family's own choice. */
  readonly proto: number;

  /** @internal Whether each call sends or receives one message. */
  protected readonly isDatagram: boolean;
  /** @internal */
  protected readonly transport: Transport;
  /** @internal */
  protected channel: Channel;
  #writers: SendQueue | null = null;
  /** @internal What a connection attempt that nobody waited for ended with, for `getsockopt(SO_ERROR)`. */
  protected pendingError = 0;

  #finalCounters: ChannelCounters | null = null;
  /** What the connection was given to Node as. */
  #given: Duplex | null = null;
  #connected: boolean;
  #closed = false;
  // Made for those only that are watched: an idle connection should cost little.
  #watchers: Set<() => void> | null = null;
  #dropListener: ((address: Address, error: Error | null) => void) | null = null;

  /** @internal @param channel the connection that the socket is made for, or `null` for a new socket. */
  constructor(family: AddressFamily, type: SocketKind, proto: number, options: SocketOptions, channel: Channel | null) {
    super();
    this.transport = options.transport ?? defaultTransport;
    const adopted = options.fileno === undefined ? null : adopt(this.transport, options.fileno);
    this.family = adopted?.family ?? family;
    this.type = adopted?.kind ?? type;
    this.proto = adopted?.protocol ?? proto;
    this.isDatagram = this.type === SOCK_DGRAM || this.type === SOCK_RAW;
    this.channel = adopted?.channel ?? channel ?? open(this.transport, family, type, proto);
    this.#connected = adopted?.connected ?? (channel !== null && hasPeer(channel));
    this.own(this.channel);
  }

  /** @internal How many sends wait. */
  protected get waitingSends(): number {
    return this.#writers === null ? 0 : this.#writers.length;
  }

  /** @internal Made when a send has to wait for the first time: most connections never know it. */
  protected get writers(): SendQueue {
    this.#writers ??= new SendQueue(this);
    return this.#writers;
  }

  /** @internal Takes a channel as its own, and listens to it. */
  protected own(channel: Channel): void {
    this.channel = channel;
    channel.owner = this;
  }

  /** @internal There is a peer now. */
  protected becomeConnected(): void {
    this.#connected = true;
  }

  /** @internal There may be something for the call that waits to receive. */
  protected abstract wakeReceiver(): void;
  /** @internal What the call that waits to receive waits for. */
  protected abstract receiveForReceiver(bytes: Buffer): void;
  /** @internal There will be nothing any more: the socket is closed. */
  protected abstract endReceiver(): void;

  /** @internal The channel asks its owner. */
  abstract get awaitedBytes(): number;

  /** @internal The channel tells its owner. */
  abstract onCoalescedSent(outcome: Buffer | Error | null): void;

  /** @internal The channel tells its owner. */
  onReceived(bytes: Buffer): void {
    this.receiveForReceiver(bytes);
    this.#notifyWatchers();
  }

  /** @internal The channel tells its owner. */
  onReadable(): void {
    this.wakeReceiver();
    this.#notifyWatchers();
  }

  /** @internal The channel tells its owner. */
  onWritable(): void {
    this.#writers?.wake();
    this.#notifyWatchers();
  }

  #notifyWatchers(): void {
    if (this.#watchers === null) return;
    for (const watcher of this.#watchers) watcher();
  }

  /** @internal The channel tells its owner. */
  onDrop(address: Address, error: Error | null): void {
    this.#dropListener?.(address, error);
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket back to the system. Source: `socket.close`.
   *
   * Calls that wait on it reject with a ClosedResourceError. What finished calls have sent still arrives; of a `sendall()`
   * that was still waiting, a part. Closing twice is no error.
   */
  async close(): Promise<void> {
    this.#end((channel) => channel.close());
  }

  /**
   * Breaks the connection at once: the peer gets a reset, bytes on their way are lost. Otherwise like {@link close}.
   *
   * A connection that was given to Node is destroyed there: so a server can cut a request off, wherever its connection is.
   *
   * Beyond Python, where it takes `SO_LINGER` with a time of 0.
   */
  abort(): void {
    this.#given?.destroy();
    this.#end((channel) => channel.abort());
  }

  #end(how: (channel: Channel) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    how(this.channel);
    this.endReceiver();
    this.#writers?.close();
    this.#notifyWatchers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Gives up the descriptor without closing it; whoever gets the number owns it, and closes it. The socket is closed
   * afterwards: calls that wait on it reject with a ClosedResourceError. Source: `socket.detach`.
   *
   * @returns the descriptor, such as another socket takes it over: `new Socket(family, type, 0, { fileno })`.
   * @throws UnsupportedOperation on the Node transport; ClosedResourceError.
   */
  detach(): number {
    this.assertOpen("detach", "detach");
    const descriptor = this.channel.release();
    this.#end(() => {});
    return descriptor;
  }

  /**
   * @internal Hands the socket over to another thread, by the number of its transport; it is closed here afterwards.
   *
   * @returns the descriptor, or -1 when that thread has ended: then nothing has changed.
   */
  handOver(thread: number): number {
    this.assertOpen("hand over", "detach");
    let descriptor: number;
    try {
      descriptor = this.channel.release(thread);
    } catch (error) {
      if (codeOf(error) === "ESRCH") return -1;
      throw this.explainFailure(error, "hand over", "detach");
    }
    this.#end(() => {});
    return descriptor;
  }

  /**
   * Gives the connection to Node: for `node:tls`, `node:http`, and whatever else works on Node's streams.
   *
   * This socket is closed afterwards, and the caller ends the stream that he got; {@link abort} alone still reaches it. On
   * the Node transport it comes with the bytes that were received and not read.
   *
   * @returns a `net.Socket`. @throws OSError `ENOTCONN` when there is no connection; ClosedResourceError.
   * @example
   * ```ts
   * httpServer.emit("connection", this.request.toNodeSocket());
   * ```
   */
  toNodeSocket(): Duplex {
    this.assertOpen("give to Node", "detach");
    let stream: Duplex;
    try {
      stream = this.channel.toNodeSocket();
    } catch (error) {
      throw this.explainFailure(error, "give to Node", "detach");
    }
    this.#given = stream;
    this.#end(() => {});
    return stream;
  }

  /** @internal Lets Node copy the connection to another process; `null` where Node does not know it. */
  prepareTransfer(): TransferableConnection | null {
    this.assertOpen("hand over", "dup");
    try {
      return this.channel.prepareTransfer();
    } catch (error) {
      throw this.explainFailure(error, "hand over", "dup");
    }
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  /** The socket's own address. Source: `socket.getsockname`. @throws ClosedResourceError */
  getsockname(): Address {
    this.assertOpen("name the socket", "getsockname");
    try {
      return this.channel.getsockname();
    } catch (error) {
      // The usual words would ask for the name once more.
      throw codeOf(error) === "" ? error : osError(`name the ${this.protocol} socket`, error, "getsockname");
    }
  }

  /** The address of the other end. Source: `socket.getpeername`. @throws OSError `ENOTCONN` when there is none. */
  getpeername(): Address {
    this.assertOpen("name the peer", "getpeername");
    try {
      return this.channel.getpeername();
    } catch (error) {
      throw this.explainFailure(error, "name the peer of", "getpeername");
    }
  }

  /** The socket's own address, as {@link getsockname}: one of the two endpoints that make a connection. */
  get localEndpoint(): Address {
    return this.getsockname();
  }

  /** The other end's address, or `null` while there is none. */
  get remoteEndpoint(): Address | null {
    return this.#connected && !this.#closed ? this.getpeername() : null;
  }

  /**
   * The file descriptor; -1 when the socket is closed, or has none yet (the Node transport opens it when it binds or
   * connects). For telling only: reading or writing it behind the socket's back breaks both. Source: `socket.fileno`.
   */
  fileno(): number {
    return this.#closed ? -1 : this.channel.fileno();
  }

  /**
   * Sets an option. Source: `socket.setsockopt`.
   *
   * @param value a number, or the bytes of a C structure.
   * @throws UnsupportedOperation for an option that the transport cannot reach.
   */
  setsockopt(level: number, option: number, value: number | boolean | Uint8Array): void {
    this.assertOpen("set an option", "setsockopt");
    try {
      this.channel.setsockopt(level, option, typeof value === "boolean" ? Number(value) : value);
    } catch (error) {
      throw this.explainFailure(error, `set option ${option} of level ${level} on`, "setsockopt");
    }
  }

  /**
   * Reads an option. Source: `socket.getsockopt`.
   *
   * @param length for an option that is a C structure, as `SO_PEERCRED`: how many bytes of it are returned at most.
   * @throws UnsupportedOperation as {@link setsockopt}
   */
  getsockopt(level: number, option: number): number;
  getsockopt(level: number, option: number, length: number): Buffer;
  getsockopt(level: number, option: number, length?: number): number | Buffer {
    this.assertOpen("read an option", "getsockopt");
    if (length !== undefined) return this.#getsockoptBytes(level, option, checkOptionLength(length));
    if (level === SOL_SOCKET && option === SO_ERROR && this.pendingError !== 0) {
      const error = this.pendingError;
      this.pendingError = 0;
      return error;
    }
    try {
      return this.channel.getsockopt(level, option);
    } catch (error) {
      throw this.explainFailure(error, `read option ${option} of level ${level} on`, "getsockopt");
    }
  }

  #getsockoptBytes(level: number, option: number, length: number): Buffer {
    try {
      return this.channel.getsockoptBytes(level, option, length);
    } catch (error) {
      throw this.explainFailure(error, `read option ${option} of level ${level} on`, "getsockopt");
    }
  }

  /** Bytes moved so far, and bytes that have arrived unread. */
  get counters(): ChannelCounters {
    return this.#finalCounters ?? this.channel.counters;
  }

  /** @internal What the counters came to elsewhere, after {@link handOver}. */
  settleCounters(counters: ChannelCounters): void {
    this.#finalCounters = counters;
  }

  /** Whether a receiving or accepting call would return (or fail) at once. */
  get readable(): boolean {
    return this.#closed || this.channel.readable;
  }

  /** Whether a sending call would take something (or fail) at once. */
  get writable(): boolean {
    return this.#closed || this.channel.writable;
  }

  /** Whether urgent bytes (`MSG_OOB`) have arrived. */
  get exceptional(): boolean {
    return !this.#closed && this.channel.exceptional;
  }

  /**
   * @internal Has a function called when {@link readable} or {@link writable} may have become true, and when the socket is
   * closed: a server's loop and `select()` wait by it. @returns what ends that.
   */
  watch(watcher: () => void): () => void {
    const watchers = this.#watchers ?? new Set();
    this.#watchers = watchers;
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }

  /** @internal Has a function called when the transport had to throw a connection or datagram away. */
  watchDrops(listener: (address: Address, error: Error | null) => void): void {
    this.#dropListener = listener;
  }

  /** As Python prints it: the kind, and the addresses it has. */
  override toString(): string {
    if (this.#closed) return `<Socket [closed] ${this.protocol}>`;
    const peer = this.#connected ? ` to ${formatAddress(this.channel.getpeername())}` : "";
    return `<Socket ${this.protocol} ${this.localName()}${peer}>`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  // ── words for errors ──────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal `tcp`, `udp`, `unix`. */
  protected get protocol(): string {
    return protocolName(this.family, this.type);
  }

  /** @internal The socket's own address, in words. */
  protected localName(): string {
    return formatAddress(this.channel.getsockname());
  }

  /** @internal The end that a reader of a message cares about: the peer where there is one. */
  protected endpointName(): string {
    return `${this.protocol} ${this.#connected ? formatAddress(this.channel.getpeername()) : this.localName()}`;
  }

  /** @internal The error for an action on this socket that failed. Errors without a system code speak for themselves. */
  explainFailure(error: unknown, action: string, syscall: string): unknown {
    if (codeOf(error) === "") return error;
    return this.#closed
      ? this.explainClosed(action, syscall)
      : osError(`${action} ${this.endpointName()}`, error, syscall);
  }

  /** @internal */
  explainTimeout(seconds: number, action: string, syscall: string): Error {
    return osError(`${action} ${this.endpointName()} within ${seconds} s`, "ETIMEDOUT", syscall);
  }

  /** @internal */
  explainClosed(action: string, syscall: string): Error {
    return closedError(`${action} ${this.endpointName()}`, syscall);
  }

  /** @internal The error for a call that may not wait and would have to. */
  protected explainBlocking(action: string, syscall: string): Error {
    return osError(`${action} ${this.endpointName()} without waiting`, "EAGAIN", syscall);
  }

  /** @internal The error for a call that another one is in the way of. */
  protected explainBusy(action: string, syscall: string): Error {
    return new BusyResourceError(
      `Cannot ${action} ${this.endpointName()}: another call is already doing that (EBUSY). Await one call before the next.`,
      { code: "EBUSY", syscall },
    );
  }

  /** @internal */
  protected assertOpen(action: string, syscall: string): void {
    if (this.#closed) throw closedError(`${action} (${this.protocol} socket)`, syscall);
  }
}
