/**
 * {@link BlockingSocket}: the BSD calls, under their names in Python's `socket` module, each blocking its thread until it is
 * done.
 *
 * @module
 */

import { type Address, formatAddress } from "../address/address.js";
import { type AddressFamily, AF_INET, SOCK_STREAM, type SocketKind } from "../constants.js";
import { defaults } from "../defaults.js";
import { ClosedResourceError, closedError, codeOf, TimeoutError } from "../errors.js";
import { connectErrno, type Datagram, isPeek, tryReceive, tryReceiveFrom } from "../socket/operations.js";
import { toBytes } from "../stream/byte-stream.js";
import { type BlockingFileOfMode, blockingMakefile, type FileMode, type MakefileOptions } from "../stream/makefile.js";
import type { NativeChannel } from "../transport/native/channel.js";
import { POLLOUT } from "../transport/native/constants.js";
import { BLOCKING_RECV_MS } from "../transport/native/stream.js";
import { systemError } from "../transport/system-error.js";
import { resolveBlocking } from "./resolver.js";
import {
  ACCEPT,
  BlockingSocketBase,
  type BlockingSocketOptions,
  CONNECT,
  type Deadline,
  RECV,
  RECVFROM,
  SEND,
  SENDTO,
} from "./socket-base.js";
import { deadlineAfter, INTERRUPTED, interruptedError, isInterrupted } from "./wait.js";

/** A read that waits counts as this many calls that do not, so that the interrupt is looked at often enough. */
const CALLS_OF_A_WAIT = 8;

/**
 * One end of a conversation, each of whose calls blocks its thread until it is done: Python's `socket.socket` line for line.
 *
 * It is what a `BlockingRequestHandler` has as its request, in a thread of its own. In the main thread it stops everything
 * else while it waits: there `Socket` is the right class. It belongs to whoever made it, or got it from `accept()`, who closes
 * it: with `using`, or {@link close}. A socket that a server hands to a handler is closed by the server.
 *
 * It needs the native transport. Of one socket only one thread makes the calls.
 *
 * @example
 * ```ts
 * using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
 * socket.connect(["127.0.0.1", 9999]);
 * socket.sendall("hello\n");
 * console.log(socket.recv(1024).toString());
 * ```
 */
export class BlockingSocket extends BlockingSocketBase {
  /**
   * Makes a socket that is neither bound nor connected.
   *
   * @throws UnsupportedOperation without the native transport, saying why it is not there; OSError `EMFILE`.
   */
  constructor(family?: AddressFamily, type?: SocketKind, proto?: number, options?: BlockingSocketOptions);
  /** @internal Makes the socket of a connection that was accepted, or of a descriptor that this thread owns. */
  constructor(
    family: AddressFamily,
    type: SocketKind,
    proto: number,
    options: BlockingSocketOptions,
    channel: NativeChannel,
  );
  constructor(
    family: AddressFamily = AF_INET,
    type: SocketKind = SOCK_STREAM,
    proto = 0,
    options: BlockingSocketOptions = {},
    channel: NativeChannel | null = null,
  ) {
    super(family, type, proto, options, channel);
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket a local address. Source: `socket.bind`.
   *
   * @throws GaiError when the host cannot be resolved; RangeError when the port is not 0 to 65535; OSError `EADDRINUSE`,
   *   PermissionError, and the like, naming the address.
   */
  bind(address: Address): void {
    this.begin({ action: "bind", syscall: "bind", events: 0 });
    try {
      this.channel.bind(resolveBlocking(address, this.family, true));
    } catch (error) {
      throw this.explain(error, `bind ${this.protocol} ${formatAddress(address)}`, "bind");
    }
  }

  /**
   * Starts listening for connections. Source: `socket.listen`.
   *
   * @param backlog how many connections may wait to be accepted; 511 by default, as in Node.
   */
  listen(backlog: number = defaults.requestQueueSize): void {
    this.assertOpen("listen on", "listen");
    try {
      this.channel.listen(Math.max(1, backlog));
    } catch (error) {
      throw this.explainFailure(error, "listen on", "listen");
    }
  }

  /**
   * Takes the next connection, blocking until there is one. Source: `socket.accept`.
   *
   * @returns the new socket, which the caller closes, and the peer's address (`""` for a Unix stream).
   * @throws TimeoutError after the socket's time-out.
   */
  accept(): [connection: BlockingSocket, address: Address] {
    this.begin(ACCEPT);
    const { channel, address } = this.perform(ACCEPT, this.timeout !== 0, () => this.channel.tryAccept());
    return [new BlockingSocket(this.family, this.type, this.proto, {}, channel), address];
  }

  /**
   * Connects to a server; a UDP socket only remembers the address. Source: `socket.connect`.
   *
   * A name is looked up by another thread, which the first look-up starts; the time-out does not count meanwhile.
   *
   * @throws ConnectionRefusedError, TimeoutError, GaiError, OSError; each names the address. With `settimeout(0)` it throws
   *   a BlockingIOError (`EINPROGRESS`) at once and goes on connecting: later calls of it, or of `recv()` and the like, say what
   *   has become of that.
   */
  connect(address: Address): void {
    const action = `connect to ${this.protocol} ${formatAddress(address)}`;
    if (isInterrupted()) throw interruptedError(action, "connect");
    if (this.closed) throw closedError(action, "connect");
    try {
      this.#connect(resolveBlocking(address, this.family, false));
    } catch (error) {
      // What the waiting says of a socket without a peer would not name the address.
      if (error instanceof ClosedResourceError) throw interruptedError(action, "connect");
      throw this.explain(error instanceof TimeoutError ? systemError("ETIMEDOUT") : error, action, "connect");
    }
  }

  #connect(target: Address): void {
    let deadline: Deadline;
    for (let state = this.#tryConnect(target); state !== "connected"; state = this.#tryConnect(target)) {
      if (state === "full") deadline = this.pause(CONNECT, deadline);
      // To the same call, the system then says what has become of the attempt.
      else deadline = this.waitFor(POLLOUT, CONNECT, deadline);
    }
  }

  #tryConnect(target: Address): "connected" | "pending" | "full" {
    const { timeout } = this;
    try {
      if (this.channel.tryConnect(target)) return "connected";
    } catch (error) {
      // As in Python, a call without a time-out waits for the attempt that is under way.
      if (codeOf(error) === "EALREADY" && timeout === null) return "pending";
      if (timeout !== 0 && this.channel.isBacklogFull(error)) return "full";
      throw error;
    }
    if (timeout === 0) throw systemError("EINPROGRESS");
    return "pending";
  }

  /**
   * Like {@link connect}, but returns the error's number instead of throwing. Source: `socket.connect_ex`.
   *
   * @returns 0, or the system's (positive) number: 111 for a refused connection on Linux. A name that cannot be resolved still
   *   throws.
   */
  connectEx(address: Address): number {
    try {
      this.connect(address);
      return 0;
    } catch (error) {
      return connectErrno(error);
    }
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Receives at most `size` bytes, blocking until there is at least one. Source: `socket.recv`.
   *
   * @param size a whole number of bytes, such as 1024.
   * @param flags `MSG_PEEK`: look without taking; `MSG_DONTWAIT`: do not wait.
   * @returns the bytes; an empty buffer when the peer has ended its sending.
   * @throws ConnectionResetError, TimeoutError; ClosedResourceError.
   */
  recv(size: number, flags = 0): Buffer {
    if (flags === 0 && !this.closed) return this.#receive(size);
    this.beginReceiving(RECV, size, flags, this.closed);
    return this.#receiveAny(size, flags);
  }

  /** What nearly every call comes to, kept flat: every worker thread compiles it separately. */
  #receive(size: number): Buffer {
    const { channel, timeout } = this;
    if (this.type !== SOCK_STREAM || timeout === 0 || !Number.isInteger(size) || size < 1 || this.ended) {
      this.beginReceiving(RECV, size, 0, this.ended);
      return this.#receiveAny(size, 0);
    }
    const blocks = channel.drained && isLongEnough(timeout);
    if (isInterrupted(blocks ? CALLS_OF_A_WAIT : 1)) throw this.explainWait(INTERRUPTED, "receive from", "recv");
    let deadline: Deadline;
    let bytes: Buffer | null;
    try {
      if (blocks) {
        this.sendCollected();
        deadline = deadlineAfter(timeout);
        bytes = channel.receiveBlocking(size);
      } else {
        bytes = channel.tryReceive(size, false);
      }
    } catch (error) {
      throw this.explainFailure(error, "receive from", "recv");
    }
    return bytes ?? this.#receiveLater(size, deadline);
  }

  // Apart: a function that is made in the one before is made every time.
  #receiveLater(size: number, deadline: Deadline): Buffer {
    return this.performLater(RECV, true, deadline, () => this.channel.tryReceive(size, false));
  }

  #receiveAny(size: number, flags: number): Buffer {
    return this.perform(RECV, this.mayWait(flags), () => tryReceive(this.channel, this.type, size, isPeek(flags)));
  }

  /**
   * Receives into the caller's memory. Source: `socket.recv_into`.
   *
   * @param size at most this many bytes; the whole buffer by default.
   * @returns how many bytes were written to the buffer's beginning; 0 at the end of the stream.
   */
  recvInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): number {
    const room = Math.min(size, buffer.length);
    if (isPeek(flags) || room === 0) {
      const data = this.recv(room, flags);
      buffer.set(data);
      return data.length;
    }
    this.beginReceiving(RECV, room, flags, this.closed);
    const { channel } = this;
    const mayWait = this.mayWait(flags);
    const attempt = (): number | null => channel.tryReceiveInto(buffer, 0, room);
    if (!mayWait || !channel.drained || !isLongEnough(this.timeout)) return this.perform(RECV, mayWait, attempt);
    this.sendCollected();
    const deadline = deadlineAfter(this.timeout);
    let length: number | null;
    try {
      length = channel.receiveIntoBlocking(buffer, 0, room);
    } catch (error) {
      throw this.explainFailure(error, "receive from", "recv");
    }
    return length ?? this.performLater(RECV, true, deadline, attempt);
  }

  /**
   * Receives one datagram, or bytes of a stream, with the sender's address. Source: `socket.recvfrom`.
   *
   * @param size what is longer than this many bytes is cut, and the third item of the result is true.
   */
  recvfrom(size: number, flags = 0): Datagram {
    this.beginReceiving(RECVFROM, size, flags, this.closed);
    const attempt = (): Datagram | null => tryReceiveFrom(this.channel, this.type, size, isPeek(flags));
    return this.perform(RECVFROM, this.mayWait(flags), attempt);
  }

  /**
   * Receives into the caller's memory, with the sender's address. Source: `socket.recvfrom_into`.
   *
   * @returns how many bytes were written, and the address.
   */
  recvfromInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): [number, Address] {
    const room = Math.min(size, buffer.length);
    if (isPeek(flags) || room === 0) {
      const [data, address] = this.recvfrom(room, flags);
      buffer.set(data);
      return [data.length, address];
    }
    this.beginReceiving(RECVFROM, room, flags, this.closed);
    const attempt = () => this.channel.tryReceiveFromInto(buffer, 0, room);
    const { length, address } = this.perform(RECVFROM, this.mayWait(flags), attempt);
    return [length, address];
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends bytes of a stream, or one datagram to the connected peer; blocks while the system takes none. Source: `socket.send`.
   *
   * @param data a string is sent as UTF-8.
   * @returns how many bytes were sent, which may be fewer than were given; {@link sendall} sends them all.
   * @throws BrokenPipeError, ConnectionResetError, TimeoutError, ClosedResourceError.
   */
  send(data: string | Uint8Array): number {
    const bytes = toBytes(data);
    this.begin(SEND);
    this.flushCollected();
    return this.isDatagram ? this.sendMessage(bytes, null) : this.sendStream(bytes, Math.min(1, bytes.length));
  }

  /**
   * Sends everything, however long it takes. Source: `socket.sendall`.
   *
   * It returns when the system has taken the last byte, so a peer that does not read makes it wait.
   *
   * @param data a string is sent as UTF-8.
   * @throws BrokenPipeError, ConnectionResetError, ClosedResourceError; TimeoutError, after which an unknown part was sent.
   */
  sendall(data: string | Uint8Array): void {
    const bytes = toBytes(data);
    if (this.closed) throw this.explainClosed("send to", "send");
    this.flushCollected();
    this.sendNow(bytes);
  }

  /**
   * Sends one datagram. Source: `socket.sendto`.
   *
   * @param data a string is sent as UTF-8.
   * @returns how many bytes were sent.
   * @throws OSError `EMSGSIZE` for more than fits a datagram; GaiError.
   */
  sendto(data: string | Uint8Array, address: Address): number {
    const bytes = toBytes(data);
    if (!this.isDatagram) {
      this.sendall(bytes);
      return bytes.length;
    }
    this.begin(SENDTO);
    return this.sendMessage(bytes, address);
  }

  // ── ending and lending ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends one direction or both, while the socket stays open. Source: `socket.shutdown`.
   *
   * @param how `SHUT_WR` (the peer reads the end), `SHUT_RD` or `SHUT_RDWR`.
   * @throws OSError `ENOTCONN` when there is no connection.
   */
  shutdown(how: number): void {
    this.endDirection(how);
  }

  /**
   * A second socket on the same connection: each has to be closed for it to end. Source: `socket.dup`.
   *
   * @returns the socket, which the caller closes. @throws OSError `EMFILE`; ClosedResourceError.
   */
  dup(): BlockingSocket {
    this.assertOpen("duplicate", "dup");
    this.sendCollected();
    let channel: NativeChannel;
    try {
      channel = this.channel.duplicate();
    } catch (error) {
      throw this.explainFailure(error, "duplicate", "dup");
    }
    const copy = new BlockingSocket(this.family, this.type, this.proto, {}, channel);
    copy.settimeout(this.timeout);
    return copy;
  }

  /**
   * A file-like object over this socket, whose calls block as well. Source: `socket.makefile`.
   *
   * Closing it does not close the socket; the socket's {@link close} takes effect when the last of its files is closed.
   *
   * @param mode `"r"` (the default) reads, `"w"` writes, `"rw"` does both; with `"b"` bytes, otherwise text.
   * @param options see {@link MakefileOptions}.
   * @example
   * ```ts
   * for (const line of socket.makefile("r")) console.log(line);
   * ```
   */
  makefile<Mode extends FileMode = "r">(mode?: Mode, options?: MakefileOptions): BlockingFileOfMode[Mode] {
    const connection = {
      recv: (size: number) => this.#receive(size),
      sendall: (bytes: Uint8Array) => this.sendNow(bytes),
      sendQueue: this.sendQueue,
      addFile: () => this.addFile(),
      removeFile: () => this.removeFile(),
    };
    return blockingMakefile(connection, mode, options);
  }
}

/** Whether a call with that time-out may wait in the system's own call, which nothing can end early. */
function isLongEnough(timeout: number | null): boolean {
  return timeout === null || timeout * 1000 >= BLOCKING_RECV_MS;
}
