/**
 * {@link BlockingSocketBase}: what a blocking socket is, before it moves any bytes: its descriptor, names, options, time-out
 * and end.
 *
 * @module
 */

import { type Address, formatAddress, protocolName } from "../address/address.js";
import {
  type AddressFamily,
  AF_INET6,
  AF_UNIX,
  SO_DOMAIN,
  SO_LINGER,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  type SocketKind,
} from "../constants.js";
import { closedError, codeOf, osError } from "../errors.js";
import { checkOptionLength } from "../socket/socket-base.js";
import { SocketTimeout } from "../socket/timeout.js";
import type { NativeAddon } from "../transport/native/addon.js";
import { POLL_FAILED, RESET_ON_CLOSE, RETRY_TIME } from "../transport/native/constants.js";
import { NativeAddresses } from "../transport/native/sockaddr.js";
import { systemError, systemErrorOf } from "../transport/system-error.js";
import type { ChannelCounters } from "../transport/transport.js";
import type { UnixSocketFile } from "../transport/unix-socket-file.js";
import {
  blockFor,
  blockUntil,
  deadlineAfter,
  EXPIRED,
  INTERRUPTED,
  interruptedError,
  isInterrupted,
  nativeCalls,
  READY,
  type WaitOutcome,
} from "./wait.js";

/** What a new blocking socket can be given. */
export interface BlockingSocketOptions {
  /**
   * A descriptor that the socket takes over, and closes from then on; family, kind and protocol are read off it. Source: the
   * `fileno` of `socket.socket`.
   */
  readonly fileno?: number;
}

/** @internal A descriptor that this thread owns already, and what is at its other end. */
export interface OwnedDescriptor {
  readonly descriptor: number;
  readonly peer: Address | null;
}

/** Of a call: `undefined` until it has to wait. */
export type Deadline = number | null | undefined;

/**
 * How long a read waits in the system's call, where nothing can wake it, in milliseconds: the next message of a busy connection
 * is there by then. A thread that is told to end what it does hears of it so much later.
 */
export const BLOCKING_RECV_MS = 20;

/** For a call's one address: they are made one at a time. */
export const scratchAddress: NativeAddresses = new NativeAddresses();

/** The state of a blocking socket, and the calls that only ask or set. `BlockingSocket` adds those that move bytes. */
export abstract class BlockingSocketBase extends SocketTimeout implements Disposable {
  /** The address family: `AF_INET`, `AF_INET6` or `AF_UNIX`. */
  readonly family: AddressFamily;
  /** The kind: `SOCK_STREAM` or `SOCK_DGRAM`. */
  readonly type: SocketKind;
  /** The protocol's number; usually 0, the family's own choice. */
  readonly proto: number;

  /** @internal Whether each call sends or receives one message. */
  protected readonly isDatagram: boolean;
  /** @internal */
  protected readonly calls: NativeAddon;
  /** @internal -1 when it was closed or given away. */
  protected descriptor: number;
  /** @internal The other end; `null` while there is none. */
  protected peer: Address | null;
  /** @internal The system was told that one call may block. */
  protected mayBlock = false;
  /** @internal A connection was begun that nobody waited for. */
  protected connecting = false;
  /** @internal */
  protected file: UnixSocketFile | null = null;
  /** @internal */
  protected bytesRead = 0;
  /** @internal */
  protected bytesWritten = 0;
  /** The address that it had, for error messages after its end. */
  #lastLocal: Address | null = null;

  /** @internal */
  constructor(
    family: AddressFamily,
    type: SocketKind,
    proto: number,
    options: BlockingSocketOptions,
    owned: OwnedDescriptor | null,
  ) {
    super();
    this.calls = nativeCalls();
    if (options.fileno !== undefined) {
      const { fileno } = options;
      const adopted = this.calls.adopt(fileno);
      if (adopted < 0) throw osError(`take over the descriptor ${fileno}`, systemErrorOf(adopted), "socket");
      this.descriptor = fileno;
      // The system only has families and kinds that these constants stand for, or others that nothing here can use.
      this.family = this.getsockopt(SOL_SOCKET, SO_DOMAIN) as AddressFamily;
      this.type = this.getsockopt(SOL_SOCKET, SO_TYPE) as SocketKind;
      this.proto = this.getsockopt(SOL_SOCKET, SO_PROTOCOL);
      this.peer = this.readPeer();
    } else {
      this.family = family;
      this.type = type;
      this.proto = proto;
      this.descriptor = owned?.descriptor ?? this.calls.socket(family, type, proto);
      if (this.descriptor < 0) {
        throw osError(`make a ${protocolName(family, type)} socket`, systemErrorOf(this.descriptor), "socket");
      }
      this.peer = owned?.peer ?? null;
    }
    this.isDatagram = this.type === SOCK_DGRAM || this.type === SOCK_RAW;
  }

  /** @internal The other end as the system knows it. */
  protected readPeer(): Address | null {
    return this.calls.getpeername(this.descriptor, scratchAddress.bytes) < 0 ? null : scratchAddress.read();
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.descriptor < 0;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket back to the system. Source: `socket.close`.
   *
   * What was sent still arrives. Closing twice is no error.
   */
  close(): void {
    if (this.closed) return;
    this.calls.close(this.#leave());
    this.file?.remove();
  }

  /**
   * Breaks the connection at once: the peer gets a reset, bytes on their way are lost. Otherwise like {@link close}.
   *
   * Beyond Python, where it takes `SO_LINGER` with a time of 0.
   */
  abort(): void {
    if (this.closed) return;
    if (this.family !== AF_UNIX) {
      this.calls.setsockopt(this.descriptor, SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE, RESET_ON_CLOSE.length);
    }
    this.close();
  }

  /**
   * Gives up the descriptor without closing it; whoever gets the number owns it, and closes it. The socket is closed
   * afterwards. Source: `socket.detach`.
   *
   * @returns the descriptor, such as another socket takes it over: `new Socket(family, type, 0, { fileno })`.
   * @throws ClosedResourceError
   */
  detach(): number {
    this.assertOpen("detach", "detach");
    // Whoever gets it finds it as any other.
    if (this.mayBlock) this.calls.setblocking(this.descriptor, 0);
    const descriptor = this.#leave();
    this.calls.release(descriptor);
    return descriptor;
  }

  /** Forgets the descriptor, and tells it. */
  #leave(): number {
    const { descriptor } = this;
    if (this.peer === null) this.#lastLocal = this.readLocal();
    this.descriptor = -1;
    return descriptor;
  }

  /** The same as {@link close}: `using socket = new BlockingSocket()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  /** The socket's own address. Source: `socket.getsockname`. @throws ClosedResourceError */
  getsockname(): Address {
    this.assertOpen("name the socket", "getsockname");
    const result = this.calls.getsockname(this.descriptor, scratchAddress.bytes);
    if (result < 0) throw osError(`name the ${this.protocol} socket`, systemErrorOf(result), "getsockname");
    return scratchAddress.read();
  }

  /** The address of the other end. Source: `socket.getpeername`. @throws OSError `ENOTCONN` when there is none. */
  getpeername(): Address {
    this.assertOpen("name the peer", "getpeername");
    const peer = this.remoteEndpoint;
    if (peer === null) throw this.explainFailure(systemError("ENOTCONN"), "name the peer of", "getpeername");
    return peer;
  }

  /** The socket's own address, as {@link getsockname}: one of the two endpoints that make a connection. */
  get localEndpoint(): Address {
    return this.getsockname();
  }

  /** The other end's address, or `null` while there is none. */
  get remoteEndpoint(): Address | null {
    if (this.closed) return null;
    if (this.peer === null && this.connecting) this.peer = this.readPeer();
    return this.peer;
  }

  /** The file descriptor; -1 when the socket is closed. Source: `socket.fileno`. */
  fileno(): number {
    return this.descriptor;
  }

  /**
   * Sets an option. Source: `socket.setsockopt`.
   *
   * @param value a number, or the bytes of a C structure.
   */
  setsockopt(level: number, option: number, value: number | boolean | Uint8Array): void {
    this.assertOpen("set an option", "setsockopt");
    const bytes = value instanceof Uint8Array ? value : new Uint8Array(Int32Array.of(Number(value)).buffer);
    const result = this.calls.setsockopt(this.descriptor, level, option, bytes, bytes.length);
    if (result < 0) {
      throw this.explainFailure(systemErrorOf(result), `set option ${option} of level ${level} on`, "setsockopt");
    }
    // SO_RCVTIMEO is how the system is told how long a call may block. What a program means by it, settimeout() does.
    if (this.mayBlock && level === SOL_SOCKET) this.letBlock();
  }

  /** @internal Has the system let one call block, for {@link BLOCKING_RECV_MS} at most. */
  protected letBlock(): void {
    this.mayBlock = this.calls.setblocking(this.descriptor, BLOCKING_RECV_MS) === 0;
  }

  /**
   * Reads an option. Source: `socket.getsockopt`.
   *
   * @param length for an option that is a C structure, as `SO_PEERCRED`: how many bytes of it are returned at most.
   */
  getsockopt(level: number, option: number): number;
  getsockopt(level: number, option: number, length: number): Buffer;
  getsockopt(level: number, option: number, length?: number): number | Buffer {
    this.assertOpen("read an option", "getsockopt");
    if (length !== undefined) {
      const bytes = Buffer.alloc(checkOptionLength(length));
      return bytes.subarray(0, this.#readOption(level, option, bytes));
    }
    const value = new Int32Array(1);
    this.#readOption(level, option, new Uint8Array(value.buffer));
    return value[0] ?? 0;
  }

  /** @returns how many bytes were written. */
  #readOption(level: number, option: number, bytes: Uint8Array): number {
    const result = this.calls.getsockopt(this.descriptor, level, option, bytes);
    if (result >= 0) return result;
    throw this.explainFailure(systemErrorOf(result), `read option ${option} of level ${level} on`, "getsockopt");
  }

  /** Bytes moved so far, and bytes that have arrived unread. */
  get counters(): ChannelCounters {
    return { bytesRead: this.bytesRead, bytesWritten: this.bytesWritten, unreadBytes: this.unreadBytes() };
  }

  /** @internal */
  protected abstract unreadBytes(): number;

  /** As Python prints it: the kind, and the addresses it has. */
  override toString(): string {
    if (this.closed) return `<BlockingSocket [closed] ${this.protocol}>`;
    const peer = this.remoteEndpoint;
    const to = peer === null ? "" : ` to ${formatAddress(peer)}`;
    return `<BlockingSocket ${this.protocol} ${formatAddress(this.getsockname())}${to}>`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  // ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal Refuses a call on a closed socket, or in a thread that was told to end what it does. */
  protected begin(action: string, syscall: string): void {
    if (isInterrupted()) throw interruptedError(`${action} ${this.endpointName()}`, syscall);
    this.assertOpen(action, syscall);
  }

  /**
   * @internal Blocks until the socket is ready.
   *
   * @param deadline of the call, which its first wait sets. @returns it, for the next wait.
   */
  protected block(events: number, deadline: Deadline, action: string, syscall: string): number | null {
    const end = deadline === undefined ? deadlineAfter(this.timeout) : deadline;
    const outcome = blockUntil(this.descriptor, events, end);
    if (outcome !== READY) throw this.explainWait(outcome, action, syscall);
    return end;
  }

  /** @internal Blocks for a moment: for what the system does not tell. Otherwise like {@link block}. */
  protected pause(deadline: Deadline, action: string, syscall: string): number | null {
    const end = deadline === undefined ? deadlineAfter(this.timeout) : deadline;
    if (end !== null && performance.now() >= end) throw this.explainWait(EXPIRED, action, syscall);
    if (blockFor(RETRY_TIME)) throw this.explainWait(INTERRUPTED, action, syscall);
    return end;
  }

  /** @internal Whether the connection is over, in whatever way. */
  protected hasFailed(): boolean {
    const entry = Int32Array.of(this.descriptor, 0, 0);
    return this.calls.poll(entry, 1, 0) > 0 && ((entry[2] ?? 0) & POLL_FAILED) !== 0;
  }

  // ── words for errors ──────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal `tcp`, `udp`, `unix`. */
  protected get protocol(): string {
    return protocolName(this.family, this.type);
  }

  /** @internal The socket's own address, also when it is closed. */
  protected readLocal(): Address {
    if (this.closed && this.#lastLocal !== null) return this.#lastLocal;
    if (!this.closed && this.calls.getsockname(this.descriptor, scratchAddress.bytes) >= 0)
      return scratchAddress.read();
    return this.family === AF_UNIX ? "" : [this.family === AF_INET6 ? "::" : "0.0.0.0", 0];
  }

  /** @internal The end that a reader of a message cares about: the peer where there is one. */
  protected endpointName(): string {
    return `${this.protocol} ${formatAddress(this.peer ?? this.readLocal())}`;
  }

  /** @internal The error for an action on this socket that failed. Errors without a system code speak for themselves. */
  protected explainFailure(error: unknown, action: string, syscall: string): unknown {
    return this.explain(error, `${action} ${this.endpointName()}`, syscall);
  }

  /** @internal The same for an action whose value is not the socket's own endpoint. */
  protected explain(error: unknown, action: string, syscall: string): unknown {
    return codeOf(error) === "" ? error : osError(action, error, syscall);
  }

  /** @internal Why a call did not wait to its end. */
  protected explainWait(outcome: WaitOutcome, action: string, syscall: string): Error {
    const what = `${action} ${this.endpointName()}`;
    if (outcome === INTERRUPTED) return interruptedError(what, syscall);
    return osError(`${what} within ${this.timeout} s`, "ETIMEDOUT", syscall);
  }

  /** @internal The error for a call that may not wait and would have to. */
  protected explainBlocking(action: string, syscall: string): Error {
    return osError(`${action} ${this.endpointName()} without waiting`, "EAGAIN", syscall);
  }

  /** @internal */
  protected assertOpen(action: string, syscall: string): void {
    if (this.closed) throw closedError(`${action} ${this.endpointName()}`, syscall);
  }
}
