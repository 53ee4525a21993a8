/**
 * {@link BlockingSocket}: the BSD calls, under their names in Python's `socket` module, each blocking its thread until it is
 * done.
 *
 * Descriptors are non-blocking underneath: a call is tried, and where the system says that it would have to wait, the thread
 * waits in `blocking-wait.ts`, from which it can be woken.
 *
 * @module
 */

import { type Address, formatAddress } from "../address/address.js";
import {
  type AddressFamily,
  AF_INET,
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ERROR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
} from "../constants.js";
import { defaults } from "../defaults.js";
import { ClosedResourceError, closedError, codeOf, errnoOf, TimeoutError } from "../errors.js";
import { checkSize, type Datagram } from "../socket/socket.js";
import { type BlockingFileOfMode, blockingMakefile } from "../stream/blocking-makefile.js";
import { toBytes } from "../stream/byte-stream.js";
import type { FileMode, MakefileOptions } from "../stream/makefile.js";
import { EAGAIN, EINVAL, POLLIN, POLLOUT } from "../transport/native/constants.js";
import { NativeAddresses } from "../transport/native/sockaddr.js";
import { LARGE_READ, largeSlab, Slab, smallSlab } from "../transport/slab.js";
import { systemError, systemErrorOf } from "../transport/system-error.js";
import { UnixSocketFile } from "../transport/unix-socket-file.js";
import { resolveBlocking } from "./resolver.js";
import {
  BLOCKING_RECV_MS,
  BlockingSocketBase,
  type BlockingSocketOptions,
  type Deadline,
  type OwnedDescriptor,
  scratchAddress,
} from "./socket-base.js";
import { blockUntil, deadlineAfter, INTERRUPTED, interruptedError, isInterrupted, READY } from "./wait.js";

const NOTHING = Buffer.alloc(0);

/** Each of those counts as so many calls that need not wait, so that the interrupt is looked at often enough. */
const CALLS_OF_A_WAIT = 8;

/** What a slab of packets can hold; what is to be longer gets memory of its own, at most so much. */
const MAX_PACKET_SIZE_IN_SLAB = 65_536;
const MAX_PACKET_SIZE = 2 ** 24;

const senderAddress = new NativeAddresses();
const receivedFlags = new Int32Array(1);

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
  /** What has broken the connection. The system tells it once; whoever asks later is to hear it too. */
  #failure: unknown = null;
  /**
   * @internal The last read took all that there was: the next one asks for readiness first, which saves a call that finds
   * nothing.
   */
  protected drained = false;
  /** @internal Where much came last time, much may come the next time. */
  protected slab: Slab = smallSlab;
  // Of datagrams the system does not tell these.
  #readEnded = false;
  #sendEnded = false;

  /**
   * Makes a socket that is neither bound nor connected.
   *
   * @throws UnsupportedOperation without the native transport, saying why it is not there; OSError `EMFILE`.
   */
  constructor(family?: AddressFamily, type?: SocketKind, proto?: number, options?: BlockingSocketOptions);
  /** @internal Makes the socket of a descriptor that this thread owns. */
  constructor(
    family: AddressFamily,
    type: SocketKind,
    proto: number,
    options: BlockingSocketOptions,
    owned: OwnedDescriptor,
  );
  constructor(
    family: AddressFamily = AF_INET,
    type: SocketKind = SOCK_STREAM,
    proto = 0,
    options: BlockingSocketOptions = {},
    owned: OwnedDescriptor | null = null,
  ) {
    super(family, type, proto, options, owned);
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket a local address. Source: `socket.bind`.
   *
   * @throws GaiError when the host cannot be resolved; RangeError when the port is not 0 to 65535; OSError `EADDRINUSE`,
   *   PermissionError, and the like, naming the address.
   */
  bind(address: Address): void {
    const action = `bind ${this.protocol} ${formatAddress(address)}`;
    this.begin("bind", "bind");
    try {
      const resolved = resolveBlocking(address, this.family, true);
      // Without a name Linux gives an abstract one, as in CPython. Where it has one, the system will refuse another.
      const isPath = typeof resolved === "string" && resolved !== "" && this.readLocal() === "";
      const file = isPath ? UnixSocketFile.claimSync(resolved, this.calls) : null;
      check(this.calls.bind(this.descriptor, scratchAddress.write(resolved).bytes));
      file?.created();
      this.file = file;
    } catch (error) {
      throw this.explain(error, action, "bind");
    }
  }

  /**
   * Starts listening for connections. Source: `socket.listen`.
   *
   * @param backlog how many connections may wait to be accepted; 511 by default, as in Node.
   */
  listen(backlog: number = defaults.requestQueueSize): void {
    this.assertOpen("listen on", "listen");
    const result = this.calls.listen(this.descriptor, Math.max(1, backlog));
    if (result < 0) throw this.explainFailure(systemErrorOf(result), "listen on", "listen");
  }

  /**
   * Takes the next connection, blocking until there is one. Source: `socket.accept`.
   *
   * @returns the new socket, which the caller closes, and the peer's address (`""` for a Unix stream).
   * @throws TimeoutError after the socket's time-out.
   */
  accept(): [connection: BlockingSocket, address: Address] {
    this.begin("accept a connection on", "accept");
    let deadline: Deadline;
    for (;;) {
      const descriptor = this.calls.accept(this.descriptor, senderAddress.bytes);
      if (descriptor >= 0) {
        const peer = senderAddress.read();
        return [new BlockingSocket(this.family, this.type, this.proto, {}, { descriptor, peer }), peer];
      }
      deadline = this.#waitOrFail(descriptor, POLLIN, this.timeout !== 0, deadline, "accept a connection on", "accept");
    }
  }

  /**
   * Connects to a server; a UDP socket only remembers the address. Source: `socket.connect`.
   *
   * A name is looked up by another thread, which the first look-up starts; the time-out does not count meanwhile.
   *
   * @throws ConnectionRefusedError, TimeoutError, GaiError, OSError; each names the address. With `settimeout(0)` it throws
   *   a BlockingIOError (`EINPROGRESS`) at once and goes on connecting.
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
    // The system would take a second call for a question about the first, and say that it went well.
    if (!this.isDatagram && this.remoteEndpoint !== null) throw systemError("EISCONN");
    let deadline: Deadline;
    for (;;) {
      const result = this.calls.connect(this.descriptor, scratchAddress.write(target).bytes);
      if (result >= 0) break;
      const error = systemErrorOf(result);
      if (error.code === "EAGAIN" && this.family === AF_UNIX && this.timeout !== 0) {
        // The backlog is full, and the system does not tell when it no longer is.
        deadline = this.pause(deadline, "connect", "connect");
        continue;
      }
      if (error.code !== "EINPROGRESS") throw error;
      this.connecting = true;
      if (this.timeout === 0) throw error;
      this.block(POLLOUT, undefined, "connect", "connect");
      const errno = this.getsockopt(SOL_SOCKET, SO_ERROR);
      if (errno !== 0) throw systemErrorOf(-errno);
      break;
    }
    this.connecting = false;
    // The peer as the system reached it, which need not be as the caller wrote it.
    this.peer = this.readPeer();
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
      const errno = Math.abs(errnoOf(codeOf(error)));
      if (errno === 0) throw error;
      return errno;
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
    const { descriptor, slab, timeout } = this;
    if (
      flags !== 0 ||
      !Number.isInteger(size) ||
      size < 1 ||
      this.type !== SOCK_STREAM ||
      descriptor < 0 ||
      timeout === 0
    )
      return this.#recv(size, flags);
    // What nearly every call is. It makes few others: of many threads each has to warm up by itself.
    const room = slab.makeRoom(size, false);
    const start = slab.used;
    const { drained } = this;
    if (isInterrupted(drained ? CALLS_OF_A_WAIT : 1)) throw this.explainWait(INTERRUPTED, "receive from", "recv");
    const length = drained
      ? this.#waitAndReceive(slab.memory, start, room)
      : this.calls.recv(descriptor, slab.memory, start, room, 0);
    if (length <= 0) return this.#recvNothing(length, size);
    this.bytesRead += length;
    this.drained = length < room;
    this.slab = length < LARGE_READ ? smallSlab : largeSlab;
    slab.used = start + length;
    return slab.memory.subarray(start, slab.used);
  }

  /**
   * Nothing was there a moment ago. Waits in `recv()` itself first, which costs a busy connection one system call a message,
   * but cannot be interrupted: so for {@link BLOCKING_RECV_MS} at most. Whoever has sent nothing by then is waited for in `poll()`, which
   * an interrupt ends at once.
   */
  #waitAndReceive(memory: Buffer, offset: number, room: number): number {
    const { calls, descriptor, timeout } = this;
    const deadline = timeout === null ? null : deadlineAfter(timeout);
    if (timeout === null || timeout * 1000 >= BLOCKING_RECV_MS) {
      if (!this.mayBlock) this.letBlock();
      const length = calls.recvBlocking(descriptor, memory, offset, room);
      if (length !== EAGAIN) return length;
    }
    const outcome = blockUntil(descriptor, POLLIN, deadline);
    if (outcome !== READY) throw this.explainWait(outcome, "receive from", "recv");
    return calls.recv(descriptor, memory, offset, room, 0);
  }

  /** The quick way has not led to bytes. */
  #recvNothing(result: number, size: number): Buffer {
    if (result === EAGAIN) return this.#recv(size, 0);
    if (result < 0) throw this.#receiveFailure(result, "recv");
    this.#checkEnd();
    return NOTHING;
  }

  #recv(size: number, flags: number): Buffer {
    if (!this.#mayReceive(size, flags, "recv")) return NOTHING;
    const slab = this.#slabFor(size);
    const room = slab.makeRoom(size, this.type !== SOCK_STREAM);
    const length = this.#receive(slab.memory, slab.used, room, flags);
    return slab.cut(length);
  }

  /**
   * Receives into the caller's memory. Source: `socket.recv_into`.
   *
   * @param size at most this many bytes; the whole buffer by default.
   * @returns how many bytes were written to the buffer's beginning; 0 at the end of the stream.
   */
  recvInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): number {
    const room = Math.min(size, buffer.length);
    return this.#mayReceive(room, flags, "recv") ? this.#receive(buffer, 0, room, flags) : 0;
  }

  /**
   * Receives one datagram, or bytes of a stream, with the sender's address. Source: `socket.recvfrom`.
   *
   * @param size what is longer than this many bytes is cut, and the third item of the result is true.
   */
  recvfrom(size: number, flags = 0): Datagram {
    if (!this.isDatagram) return [this.recv(size, flags), this.getpeername(), false];
    if (!this.#mayReceive(size, flags, "recvfrom")) return [NOTHING, this.getpeername(), false];
    const slab = this.#slabFor(size);
    const room = slab.makeRoom(size, true);
    const [length, address] = this.#receiveFrom(slab.memory, slab.used, room, flags);
    return [slab.cut(length), address, ((receivedFlags[0] ?? 0) & MSG_TRUNC) !== 0];
  }

  /**
   * Receives into the caller's memory, with the sender's address. Source: `socket.recvfrom_into`.
   *
   * @returns how many bytes were written, and the address.
   */
  recvfromInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): [number, Address] {
    const room = Math.min(size, buffer.length);
    if (!this.isDatagram) return [this.recvInto(buffer, room, flags), this.getpeername()];
    if (!this.#mayReceive(room, flags, "recvfrom")) return [0, this.getpeername()];
    return this.#receiveFrom(buffer, 0, room, flags);
  }

  /** Refuses a receiving call that cannot be made; tells whether the system is to be asked at all. */
  #mayReceive(size: number, flags: number, syscall: string): boolean {
    const problem = checkSize(size, flags);
    if (problem !== null) throw problem;
    this.begin("receive from", syscall);
    // As CPython: who asks a stream for nothing gets it at once.
    return !(this.#readEnded || (size === 0 && this.type === SOCK_STREAM));
  }

  /** Of a packet, what finds no room is lost; of a stream it waits. */
  #slabFor(size: number): Slab {
    if (this.type === SOCK_STREAM) return this.slab;
    return size <= MAX_PACKET_SIZE_IN_SLAB ? largeSlab : new Slab(Math.min(size, MAX_PACKET_SIZE), 0);
  }

  #receive(memory: Uint8Array, offset: number, room: number, flags: number): number {
    const mayWait = this.timeout !== 0 && (flags & MSG_DONTWAIT) === 0;
    const peek = flags & MSG_PEEK;
    let deadline: Deadline;
    if (this.drained && mayWait) deadline = this.block(POLLIN, deadline, "receive from", "recv");
    for (;;) {
      const length = this.calls.recv(this.descriptor, memory, offset, room, peek);
      if (length > 0) {
        if (peek === 0) {
          this.bytesRead += length;
          this.drained = length < room;
        }
        return length;
      }
      if (length === 0) {
        this.#checkEnd();
        return 0;
      }
      deadline = this.#waitToReceive(length, mayWait, deadline, "recv");
    }
  }

  /** The system says that the stream has ended. @throws what is the truth instead */
  #checkEnd(): void {
    if (this.isDatagram) return;
    if (this.#failure !== null) throw this.#failure;
    // After an attempt to connect that failed, the system speaks of an end.
    if (this.remoteEndpoint === null) {
      throw this.explainFailure(systemError("ENOTCONN"), "receive from", "recv");
    }
  }

  #receiveFrom(memory: Uint8Array, offset: number, room: number, flags: number): [number, Address] {
    const mayWait = this.timeout !== 0 && (flags & MSG_DONTWAIT) === 0;
    const peek = flags & MSG_PEEK;
    let deadline: Deadline;
    for (;;) {
      const { bytes } = senderAddress;
      const length = this.calls.recvfrom(this.descriptor, memory, offset, room, peek, bytes, receivedFlags);
      if (length >= 0) {
        if (peek === 0) this.bytesRead += length;
        return [length, senderAddress.read()];
      }
      deadline = this.#waitToReceive(length, mayWait, deadline, "recvfrom");
    }
  }

  #waitToReceive(errno: number, mayWait: boolean, deadline: Deadline, syscall: string): number | null {
    if (errno === EAGAIN || this.isDatagram) {
      return this.#waitOrFail(errno, POLLIN, mayWait, deadline, "receive from", syscall);
    }
    throw this.#receiveFailure(errno, syscall);
  }

  #receiveFailure(errno: number, syscall: string): unknown {
    const isLonely = this.remoteEndpoint === null;
    // Of Unix sockets without a peer the system says "invalid argument".
    const error = isLonely && errno === EINVAL ? systemError("ENOTCONN") : systemErrorOf(errno);
    const failure = this.explainFailure(error, "receive from", syscall);
    if (!isLonely) this.#failure = failure;
    return failure;
  }

  /** The system had nothing for a call: waits until it has, if that is why. @returns the call's deadline */
  #waitOrFail(
    errno: number,
    events: number,
    mayWait: boolean,
    deadline: Deadline,
    action: string,
    syscall: string,
  ): number | null {
    if (errno !== EAGAIN) throw this.explainFailure(systemErrorOf(errno), action, syscall);
    if (!mayWait) throw this.explainBlocking(action, syscall);
    return this.block(events, deadline, action, syscall);
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
    this.begin("send to", "send");
    return this.isDatagram ? this.#sendDatagram(bytes, null, null) : this.#send(bytes, 0, 1);
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
    if (this.isDatagram || this.descriptor < 0 || isInterrupted()) {
      this.begin("send to", "send");
      this.#sendDatagram(bytes, null, null);
      return;
    }
    if (bytes.length === 0) return;
    // Nearly always the system takes everything.
    const sent = this.calls.send(this.descriptor, bytes, 0, bytes.length, 0);
    if (sent > 0) this.bytesWritten += sent;
    else if (sent !== EAGAIN) throw this.#sendFailure(sent);
    if (sent !== bytes.length) this.#send(bytes, Math.max(0, sent), bytes.length);
  }

  /** Sends, of which so many bytes are sent already; returns when at least so many are. */
  #send(bytes: Uint8Array, from: number, least: number): number {
    let deadline: Deadline;
    let sent = from;
    for (;;) {
      const taken = this.calls.send(this.descriptor, bytes, sent, bytes.length - sent, 0);
      if (taken >= 0) {
        sent += taken;
        this.bytesWritten += taken;
        if (sent >= least || bytes.length === 0) return sent;
      } else {
        if (taken !== EAGAIN) throw this.#sendFailure(taken);
        deadline = this.#waitOrFail(taken, POLLOUT, this.timeout !== 0, deadline, "send to", "send");
      }
    }
  }

  #sendFailure(errno: number): unknown {
    const error = systemErrorOf(errno);
    // The system has told it now (ECONNRESET, ETIMEDOUT, EHOSTUNREACH …), and would tell readers of an end in good order.
    if (error.code !== "EPIPE" && this.hasFailed()) {
      this.#failure = this.explainFailure(error, "receive from", "recv");
    }
    return this.explainFailure(error, "send to", "send");
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
    this.begin("send to", "sendto");
    return this.#sendDatagram(bytes, resolveBlocking(address, this.family, false), address);
  }

  /** @param given the address as the caller wrote it, for the words of an error. */
  #sendDatagram(bytes: Uint8Array, address: Address | null, given: Address | null): number {
    let deadline: Deadline;
    try {
      this.#checkTarget(address);
      for (;;) {
        const sent =
          address === null
            ? this.calls.send(this.descriptor, bytes, 0, bytes.length, 0)
            : this.calls.sendto(this.descriptor, bytes, 0, bytes.length, 0, scratchAddress.write(address).bytes);
        if (sent >= 0) {
          this.bytesWritten += sent;
          return sent;
        }
        if (sent !== EAGAIN) throw systemErrorOf(sent);
        if (this.timeout === 0) throw this.explainBlocking("send to", "sendto");
        // Of a receiver that it is not connected to, a Unix socket never learns that there is room again.
        const isTold = this.family !== AF_UNIX || address === null;
        deadline = isTold
          ? this.block(POLLOUT, deadline, "send to", "sendto")
          : this.pause(deadline, "send to", "sendto");
      }
    } catch (error) {
      const to = given === null ? this.endpointName() : `${this.protocol} ${formatAddress(given)}`;
      throw this.explain(error, `send ${bytes.length} bytes to ${to}`, "sendto");
    }
  }

  #checkTarget(address: Address | null): void {
    if (this.#sendEnded) throw systemError("EPIPE");
    if (address === null && this.peer === null) throw systemError("EDESTADDRREQ");
    if (address !== null && this.peer !== null) throw systemError("EISCONN");
    // Linux would send to the port 0, where nobody can be.
    if (this.type === SOCK_DGRAM && Array.isArray(address) && address[1] === 0) throw systemError("EINVAL");
  }

  // ── ending and lending ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends one direction or both, while the socket stays open. Source: `socket.shutdown`.
   *
   * @param how `SHUT_WR` (the peer reads the end), `SHUT_RD` or `SHUT_RDWR`.
   * @throws OSError `ENOTCONN` when there is no connection.
   */
  shutdown(how: number): void {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) {
      throw new RangeError(`Cannot shut down in the direction ${how}: pass SHUT_RD, SHUT_WR or SHUT_RDWR.`);
    }
    this.assertOpen("shut down", "shutdown");
    const result = this.calls.shutdown(this.descriptor, how);
    if (result < 0) throw this.explainFailure(systemErrorOf(result), "shut down", "shutdown");
    if (!this.isDatagram) return;
    if (how !== SHUT_WR) this.#readEnded = true;
    if (how !== SHUT_RD) this.#sendEnded = true;
  }

  /** @internal Ends the sending, if it is open and there is anybody left to end it to. */
  endSending(): void {
    if (!this.closed) this.calls.shutdown(this.descriptor, SHUT_WR);
  }

  /**
   * A second socket on the same connection: each has to be closed for it to end. Source: `socket.dup`.
   *
   * @returns the socket, which the caller closes. @throws OSError `EMFILE`; ClosedResourceError.
   */
  dup(): BlockingSocket {
    this.assertOpen("duplicate", "dup");
    const descriptor = this.calls.dup(this.descriptor);
    if (descriptor < 0) throw this.explainFailure(systemErrorOf(descriptor), "duplicate", "dup");
    const owned = { descriptor, peer: this.remoteEndpoint };
    const copy = new BlockingSocket(this.family, this.type, this.proto, {}, owned);
    copy.settimeout(this.timeout);
    copy.mayBlock = this.mayBlock;
    return copy;
  }

  /**
   * A file-like object over this socket, whose calls block as well. Source: `socket.makefile`.
   *
   * Closing it does not close the socket.
   *
   * @param mode `"r"` (the default) reads, `"w"` writes, `"rw"` does both; with `"b"` bytes, otherwise text.
   * @param options see {@link MakefileOptions}.
   * @example
   * ```ts
   * for (const line of socket.makefile("r")) console.log(line);
   * ```
   */
  makefile<Mode extends FileMode = "r">(mode?: Mode, options?: MakefileOptions): BlockingFileOfMode[Mode] {
    return blockingMakefile(this, mode, options);
  }

  /** What has arrived and was not read; of a stream at most 64 KiB of it, of datagrams none. */
  protected override unreadBytes(): number {
    if (this.closed || this.type !== SOCK_STREAM) return 0;
    const room = largeSlab.makeRoom(65_536, false);
    return Math.max(0, this.calls.recv(this.descriptor, largeSlab.memory, largeSlab.used, room, MSG_PEEK));
  }
}

function check(result: number): void {
  if (result < 0) throw systemErrorOf(result);
}
