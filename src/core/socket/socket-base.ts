/**
 * {@link SocketBase}: what a socket is, before it moves any bytes: its channel, names, options and end, and the words for its
 * errors. Sockets that await and sockets that block share it.
 *
 * @module
 */

import { type Address, formatAddress, protocolName } from "../address/address.js";
import { type AddressFamily, SO_ERROR, SOL_SOCKET, type SocketKind } from "../constants.js";
import { closedError, codeOf, errnoOf, osError } from "../errors.js";
import type { AdoptedSocket, Channel, ChannelCounters } from "../transport/transport.js";
import { checkDirection, isDatagramKind, peerOf } from "./operations.js";
import { SocketTimeout } from "./timeout.js";

/** No option is longer; CPython has the same bound. */
const MAX_OPTION_LENGTH = 1024;

/** What makes the channels of sockets: a transport. */
interface ChannelMaker<Own extends Channel> {
  open(family: AddressFamily, kind: SocketKind, protocol: number): Own;
  adopt(descriptor: number): AdoptedSocket<Own>;
}

/** A socket's channel, and what it is. */
interface OpenedSocket<Own extends Channel> {
  readonly channel: Own;
  readonly family: AddressFamily;
  readonly kind: SocketKind;
  readonly protocol: number;
}

/** @internal Makes the channel of a new socket, or takes over a descriptor. @throws OSError, UnsupportedOperation */
export function openSocket<Own extends Channel>(
  transport: ChannelMaker<Own>,
  family: AddressFamily,
  kind: SocketKind,
  protocol: number,
  fileno: number | undefined,
): OpenedSocket<Own> {
  try {
    if (fileno !== undefined) return transport.adopt(fileno);
    return { channel: transport.open(family, kind, protocol), family, kind, protocol };
  } catch (error) {
    const action =
      fileno === undefined ? `make a ${protocolName(family, kind)} socket` : `take over the descriptor ${fileno}`;
    throw codeOf(error) === "" ? error : osError(action, error, "socket");
  }
}

/** The state of a socket, and the calls that only ask or set. */
export abstract class SocketBase<Own extends Channel = Channel> extends SocketTimeout {
  /** The address family: `AF_INET`, `AF_INET6` or `AF_UNIX`. */
  readonly family: AddressFamily;
  /** The kind: `SOCK_STREAM` or `SOCK_DGRAM`. */
  readonly type: SocketKind;
  /** The protocol's number; usually 0, the family's own choice. */
  readonly proto: number;

  /** @internal Whether each call sends or receives one message. */
  protected readonly isDatagram: boolean;
  /** @internal */
  protected channel: Own;
  #closed = false;
  #ended = false;
  #openFiles = 0;

  /** @internal */
  constructor({ channel, family, kind, protocol }: OpenedSocket<Own>) {
    super();
    this.family = family;
    this.type = kind;
    this.proto = protocol;
    this.isDatagram = isDatagramKind(kind);
    this.channel = channel;
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** @internal Whether the channel is gone: a closed socket still has it while files are open. */
  protected get ended(): boolean {
    return this.#ended;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @internal Sends what files have collected, as far as that goes without failing this call. */
  protected abstract sendCollected(): void;

  /** @internal Closes the socket, or has its last open file close it. */
  protected closeUnlessUsed(): void {
    if (this.#openFiles === 0) this.closeNow();
    else this.#closed = true;
  }

  /** @internal Closes the socket, also where files made of it are still open: what a server does at a request's end. */
  closeNow(): void {
    this.end((channel) => {
      this.sendCollected();
      channel.close();
    });
  }

  /** @internal A file was made of the connection, which is to live as long as it. */
  addFile(): void {
    this.#openFiles += 1;
  }

  /** @internal A file is closed. */
  removeFile(): void {
    this.#openFiles -= 1;
    if (this.#openFiles === 0 && this.#closed) this.closeNow();
  }

  /**
   * Breaks the connection at once: the peer gets a reset, bytes on their way are lost. Otherwise like `close()`, but final: files
   * made of the socket do not keep it open.
   *
   * Beyond Python, where it takes `SO_LINGER` with a time of 0.
   */
  abort(): void {
    this.end((channel) => channel.abort());
  }

  /** @internal Ends the socket, once. @param how what becomes of its channel */
  protected end(how: (channel: Own) => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#closed = true;
    how(this.channel);
  }

  /**
   * Gives up the descriptor without closing it; whoever gets the number owns it, and closes it. The socket is closed
   * afterwards: calls that wait on it fail with a ClosedResourceError. Source: `socket.detach`.
   *
   * @returns the descriptor, such as another socket takes it over: `new Socket(family, type, 0, { fileno })`.
   * @throws UnsupportedOperation on the Node transport; ClosedResourceError.
   */
  detach(): number {
    this.assertOpen("detach", "detach");
    this.sendCollected();
    const descriptor = this.channel.release();
    this.end(() => {});
    return descriptor;
  }

  /** @internal Ends one direction or both. */
  protected endDirection(how: number): void {
    checkDirection(how);
    this.assertOpen("shut down", "shutdown");
    this.sendCollected();
    try {
      this.channel.shutdown(how);
    } catch (error) {
      throw this.explainFailure(error, "shut down", "shutdown");
    }
  }

  /** @internal Ends the sending, if it is open and there is anybody left to end it to. */
  endSending(): void {
    if (this.#ended) return;
    this.sendCollected();
    this.channel.endSending();
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
    return this.#closed ? null : peerOf(this.channel);
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
   * With a time of `SO_LINGER`, closing a {@link BlockingSocket} waits that long; a `Socket` goes on sending and does not wait.
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
    if (length !== undefined) checkOptionLength(length);
    else if (level === SOL_SOCKET && option === SO_ERROR) {
      const failure = this.takePendingError();
      if (failure !== null) return Math.abs(errnoOf(codeOf(failure)));
    }
    try {
      if (length !== undefined) return this.channel.getsockoptBytes(level, option, length);
      return this.channel.getsockopt(level, option);
    } catch (error) {
      throw this.explainFailure(error, `read option ${option} of level ${level} on`, "getsockopt");
    }
  }

  /** @internal What an attempt to connect has failed with that no call has waited for; `null` when that was asked before. */
  protected takePendingError(): unknown {
    return null;
  }

  /** Bytes moved so far, and bytes that have arrived unread. */
  get counters(): ChannelCounters {
    return this.channel.counters;
  }

  /** As Python prints it: the kind, and the addresses it has. */
  override toString(): string {
    if (this.#closed) return `<${this.className} [closed] ${this.protocol}>`;
    const peer = peerOf(this.channel);
    const to = peer === null ? "" : ` to ${formatAddress(peer)}`;
    return `<${this.className} ${this.protocol} ${this.localName()}${to}>`;
  }

  /** @internal The class as it is printed. */
  protected abstract get className(): string;

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
    const peer = peerOf(this.channel);
    return `${this.protocol} ${peer === null ? this.localName() : formatAddress(peer)}`;
  }

  /** @internal The error for an action on this socket that failed. Errors without a system code speak for themselves. */
  explainFailure(error: unknown, action: string, syscall: string): unknown {
    return this.explain(error, `${action} ${this.endpointName()}`, syscall);
  }

  /** @internal The same for an action that names another address than the socket's. */
  protected explain(error: unknown, action: string, syscall: string): unknown {
    if (codeOf(error) === "") return error;
    return this.#ended ? closedError(action, syscall) : osError(action, error, syscall);
  }

  /** @internal The same for a datagram. @param address as the caller wrote it; `null` for the peer */
  protected explainDatagram(error: unknown, bytes: Uint8Array, address: Address | null): unknown {
    const to = address === null ? this.endpointName() : `${this.protocol} ${formatAddress(address)}`;
    return this.explain(error, `send ${bytes.length} bytes to ${to}`, "sendto");
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
  explainBlocking(action: string, syscall: string): Error {
    return osError(`${action} ${this.endpointName()} without waiting`, "EAGAIN", syscall);
  }

  /** @internal */
  protected assertOpen(action: string, syscall: string): void {
    if (this.#closed) throw closedError(`${action} (${this.protocol} socket)`, syscall);
  }
}

function checkOptionLength(length: number): void {
  if (Number.isInteger(length) && length >= 1 && length <= MAX_OPTION_LENGTH) return;
  throw new RangeError(`Cannot read ${length} bytes of an option: give a whole number from 1 to ${MAX_OPTION_LENGTH}.`);
}
