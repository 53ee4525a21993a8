/**
 * {@link Socket}: the BSD calls, under their names in Python's `socket` module, each returning a promise where it may have
 * to wait.
 *
 * @module
 */

import { type Address, formatAddress } from "../address/address.js";
import { resolveAddress } from "../address/resolve.js";
import { type AsyncContext, contextForRejection, settleInContext } from "../async-context.js";
import {
  type AddressFamily,
  AF_INET,
  MSG_DONTWAIT,
  MSG_PEEK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  type SocketKind,
} from "../constants.js";
import { defaults } from "../defaults.js";
import { closedError, codeOf, errnoOf, osError, unsupported } from "../errors.js";
import { costOf, nextTurn, YIELD_AFTER } from "../fairness.js";
import { toBytes } from "../stream/byte-stream.js";
import { type FileMode, type FileOfMode, type MakefileOptions, makefile } from "../stream/makefile.js";
import type { Channel } from "../transport/transport.js";
import { deferred, resolverOfLatest } from "./deferred.js";
import { PendingReceive, type ReceiveOperation } from "./pending-receive.js";
import { SocketBase, type SocketOptions } from "./socket-base.js";

/** A received datagram: its bytes, the sender's address, and whether it was longer than the size asked for. */
export type Datagram = readonly [data: Buffer, address: Address, truncated: boolean];

const NOTHING = Buffer.alloc(0);
const SENT: Promise<void> = Promise.resolve();

/**
 * One end of a conversation. Source: Python's `socket.socket`.
 *
 * It belongs to whoever made it, or got it from `accept()`, who closes it: with `await using`, or {@link close}. A socket
 * that a server hands to a handler is closed by the server.
 *
 * One call may receive at a time ({@link BusyResourceError} otherwise); sends may overlap, and leave in the order in which
 * they were made.
 *
 * @example
 * ```ts
 * await using socket = new Socket(AF_INET, SOCK_STREAM);
 * await socket.connect(["127.0.0.1", 9999]);
 * await socket.sendall("hello\n");
 * console.log((await socket.recv(1024)).toString());
 * ```
 */
export class Socket extends SocketBase {
  // Each call asks its channel, and where that finds nothing, asks again later: here is how.

  static readonly #accept: ReceiveOperation<Socket, [Socket, Address]> = {
    action: "accept a connection on",
    syscall: "accept",
    takesBytes: false,
    attempt: (socket) => socket.#tryAccept(),
  };
  static readonly #recv: ReceiveOperation<Socket, Buffer> = {
    action: "receive from",
    syscall: "recv",
    takesBytes: true,
    attempt: (socket, size, flags) => socket.channel.tryReceive(size, isPeek(flags)),
  };
  static readonly #recvfrom: ReceiveOperation<Socket, Datagram> = {
    action: "receive from",
    syscall: "recvfrom",
    takesBytes: false,
    attempt: (socket, size, flags) => socket.#tryReceiveFrom(size, flags),
  };

  /** Made when a receiving call has to wait for the first time. */
  #receiver: PendingReceive<Socket> | null = null;
  /** What tells that a message has left with those of other connections. */
  #departed: ((rest: void | Promise<void>) => void) | null = null;
  /** Who waits for that, where it matters if the message does not leave. */
  #departsWithin: AsyncContext | undefined;
  /** What the calls in a row that were done at once, without a turn of the event loop, have cost. */
  #opsSinceYield = 0;

  /**
   * Makes a socket that is neither bound nor connected.
   *
   * @throws UnsupportedOperation when the transport has no such sockets.
   */
  constructor(family?: AddressFamily, type?: SocketKind, proto?: number, options?: SocketOptions);
  /** @internal Makes the socket of a connection that was accepted. */
  constructor(family: AddressFamily, type: SocketKind, proto: number, options: SocketOptions, channel: Channel);
  constructor(
    family: AddressFamily = AF_INET,
    type: SocketKind = SOCK_STREAM,
    proto = 0,
    options: SocketOptions = {},
    channel: Channel | null = null,
  ) {
    super(family, type, proto, options, channel);
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket a local address. Source: `socket.bind`.
   *
   * On the Node transport a stream keeps the address until `listen()` or `connect()`: only then is a port 0 replaced by a
   * real one, and only then can an address in use be noticed.
   *
   * @throws GaiError when the host cannot be resolved; RangeError when the port is not 0 to 65535.
   */
  async bind(address: Address): Promise<void> {
    this.assertOpen("bind", "bind");
    try {
      const resolved = await resolveAddress(address, this.family, { passive: true });
      this.assertOpen("bind", "bind");
      await this.channel.bind(resolved);
    } catch (error) {
      throw this.#explain(error, `bind ${this.protocol} ${formatAddress(address)}`, "bind");
    }
  }

  /**
   * Starts listening for connections. Source: `socket.listen`.
   *
   * @param backlog how many connections may wait to be accepted; 511 by default, as in Node.
   * @throws OSError `EADDRINUSE`, PermissionError, and the like, naming the address.
   */
  async listen(backlog: number = defaults.requestQueueSize): Promise<void> {
    this.assertOpen("listen", "listen");
    try {
      await this.#become(this.channel.listen(Math.max(1, backlog)));
    } catch (error) {
      const failed = codeOf(error) === "EOPNOTSUPP" || codeOf(error) === "EISCONN" ? "listen on" : "bind";
      throw this.#explain(error, `${failed} ${this.protocol} ${this.localName()}`, "listen");
    }
  }

  /**
   * Takes the next connection. Source: `socket.accept`.
   *
   * @param flags `MSG_DONTWAIT`: do not wait.
   * @returns the new socket, which the caller closes, and the peer's address (`""` for a Unix stream).
   * @throws TimeoutError after the socket's time-out; ClosedResourceError when the socket is closed meanwhile.
   */
  accept(flags = 0): Promise<[connection: Socket, address: Address]> {
    return this.#receive(Socket.#accept, 0, flags);
  }

  #tryAccept(): [Socket, Address] | null {
    const accepted = this.channel.tryAccept();
    if (accepted === null) return null;
    const { channel, address } = accepted;
    return [new Socket(this.family, this.type, this.proto, { transport: this.transport }, channel), address];
  }

  /**
   * Connects to a server; a UDP socket only remembers the address. Source: `socket.connect`.
   *
   * A socket whose attempt failed cannot be used again: make a new one.
   *
   * @throws ConnectionRefusedError, TimeoutError, GaiError, OSError; each names the address. With `settimeout(0)` it throws
   *   a BlockingIOError (`EINPROGRESS`) at once and goes on connecting.
   */
  async connect(address: Address): Promise<void> {
    const action = `connect to ${this.protocol} ${formatAddress(address)}`;
    this.assertOpen(action, "connect");
    try {
      const target = await resolveAddress(address, this.family, { passive: false });
      // A look-up takes its time: a socket that was closed meanwhile must not connect.
      this.assertOpen(action, "connect");
      const connecting = this.#become(this.channel.connect(target)).then(() => {
        this.becomeConnected();
      });
      await this.#limitConnect(connecting, action);
    } catch (error) {
      // Who selects it meanwhile is to look again: there is nothing to wait for any more.
      this.onReadable();
      this.onWritable();
      throw this.#explain(error, action, "connect");
    }
  }

  async #limitConnect(connecting: Promise<void>, action: string): Promise<void> {
    // A datagram socket only remembers the address: there is nothing to wait for.
    if (this.timeout === null || this.isDatagram) return connecting;
    if (this.timeout === 0) {
      connecting.catch((error: unknown) => {
        this.pendingError = Math.abs(errnoOf(codeOf(error)));
        this.onReadable();
        this.onWritable();
      });
      throw osError(action, "EINPROGRESS", "connect");
    }
    const limit = this.timeout;
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(osError(action, "ETIMEDOUT", "connect"));
        this.channel.close();
      }, limit * 1000);
    });
    try {
      await Promise.race([connecting, expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Like {@link connect}, but returns the error's number instead of throwing. Source: `socket.connect_ex`.
   *
   * @returns 0, or the system's (positive) number: 111 for a refused connection on Linux. A name that cannot be resolved
   *   still throws.
   */
  async connectEx(address: Address): Promise<number> {
    try {
      await this.connect(address);
      return 0;
    } catch (error) {
      const errno = Math.abs(errnoOf(codeOf(error)));
      if (errno === 0) throw error;
      return errno;
    }
  }

  /** The channel has become another: a listener, or a connection. */
  async #become(change: Promise<Channel>): Promise<void> {
    const next = await change;
    if (this.closed) {
      next.close();
      throw closedError(`use ${this.protocol} socket`, "connect");
    }
    this.own(next);
    this.onReadable();
    this.onWritable();
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Receives at most `size` bytes, waiting until there is at least one. Source: `socket.recv`.
   *
   * @param size a whole number of bytes, such as 1024.
   * @param flags `MSG_PEEK`: look without taking; `MSG_DONTWAIT`: do not wait.
   * @returns the bytes; an empty buffer when the peer has ended its sending.
   * @throws ConnectionResetError, TimeoutError; BusyResourceError when another call is receiving; ClosedResourceError.
   */
  recv(size: number, flags = 0): Promise<Buffer> {
    // As CPython: who asks for nothing gets it at once.
    if (size === 0 && this.type === SOCK_STREAM) return this.#receiveNothing(flags);
    return this.#receive(Socket.#recv, size, flags);
  }

  /**
   * Receives into the caller's memory. Source: `socket.recv_into`.
   *
   * @param size at most this many bytes; the whole buffer by default.
   * @returns how many bytes were written to the buffer's beginning; 0 at the end of the stream.
   */
  async recvInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): Promise<number> {
    const data = await this.recv(Math.min(size, buffer.length), flags);
    buffer.set(data);
    return data.length;
  }

  /**
   * Receives one datagram, or bytes of a stream, with the sender's address. Source: `socket.recvfrom`.
   *
   * @param size what is longer than this many bytes is cut, and the third item of the result is true.
   */
  recvfrom(size: number, flags = 0): Promise<Datagram> {
    return this.#receive(Socket.#recvfrom, size, flags);
  }

  /**
   * @internal Receives a datagram that is there already, and others with it. Who takes many in a row sees to it that the event loop
   * turns.
   */
  recvfromAtOnce(size: number): Datagram {
    const { action, syscall } = Socket.#recvfrom;
    const problem = checkSize(size, 0) ?? this.#receivingProblem(Socket.#recvfrom);
    if (problem !== null) throw problem;
    let datagram: Datagram | null;
    try {
      this.channel.enableBatching();
      datagram = this.#tryReceiveFrom(size, 0);
    } catch (error) {
      throw this.explainFailure(error, action, syscall);
    }
    if (datagram === null) throw this.explainBlocking(action, syscall);
    return datagram;
  }

  #tryReceiveFrom(size: number, flags: number): Datagram | null {
    if (!this.isDatagram) {
      const data = this.channel.tryReceive(size, isPeek(flags));
      return data === null ? null : [data, this.getpeername(), false];
    }
    const datagram = this.channel.tryReceiveFrom(size, isPeek(flags));
    if (datagram !== null) return [datagram.data, datagram.address, datagram.truncated];
    // Only tryReceive() tells the end, after SHUT_RD; and only a connected socket can be shut down, so it has a peer.
    const end = this.channel.tryReceive(size, true);
    return end === null ? null : [end, this.getpeername(), false];
  }

  /**
   * Receives into the caller's memory, with the sender's address. Source: `socket.recvfrom_into`.
   *
   * @returns how many bytes were written, and the address.
   */
  async recvfromInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): Promise<[number, Address]> {
    const [data, address] = await this.recvfrom(Math.min(size, buffer.length), flags);
    buffer.set(data);
    return [data.length, address];
  }

  /** Tries at once, and waits only when it would block: the way of every receiving call. */
  #receive<Result>(receiving: ReceiveOperation<Socket, Result>, size: number, flags: number): Promise<Result> {
    const problem = checkSize(size, flags) ?? this.#receivingProblem(receiving);
    if (problem !== null) return Promise.reject(problem);
    let result: Result | null;
    try {
      result = receiving.attempt(this, size, flags);
    } catch (error) {
      return this.#atOnce(Promise.reject(this.explainFailure(error, receiving.action, receiving.syscall)), 0);
    }
    if (result !== null) return this.#atOnce(Promise.resolve(result), result instanceof Buffer ? result.length : 0);
    if (this.timeout === 0 || (flags & MSG_DONTWAIT) !== 0) {
      return this.#atOnce(Promise.reject(this.explainBlocking(receiving.action, receiving.syscall)), 0);
    }
    this.#opsSinceYield = 0;
    this.#receiver ??= new PendingReceive<Socket>(this);
    return this.#receiver.wait(receiving, size, flags, this.timeout);
  }

  #receiveNothing(flags: number): Promise<Buffer> {
    const problem = checkSize(0, flags) ?? this.#receivingProblem(Socket.#recv);
    return problem === null ? this.#atOnce(Promise.resolve(NOTHING), 0) : Promise.reject(problem);
  }

  /** Why nothing can be received now, if so. */
  #receivingProblem({ action, syscall }: ReceiveOperation<Socket, unknown>): Error | null {
    if (this.closed) return this.explainClosed(action, syscall);
    return this.#receiver?.isBusy ? this.explainBusy(action, syscall) : null;
  }

  /** @internal */
  protected override wakeReceiver(): void {
    this.#receiver?.wake();
  }

  /** @internal */
  override get awaitedBytes(): number {
    return this.#receiver === null ? 0 : this.#receiver.awaitedBytes;
  }

  /** @internal */
  protected override receiveForReceiver(bytes: Buffer): void {
    this.#receiver?.receive(bytes);
  }

  /** @internal */
  protected override endReceiver(): void {
    this.#receiver?.close();
  }

  /**
   * Passes on the outcome of a call that did not wait; but when that was much in a row, only in the next turn of the event
   * loop. All that is done at once before that turn waits for it too, and so keeps its order.
   */
  #atOnce<T>(outcome: Promise<T>, bytes: number): Promise<T> {
    this.#opsSinceYield += costOf(bytes);
    return this.#opsSinceYield < YIELD_AFTER ? outcome : this.#inNextTurn(outcome);
  }

  #inNextTurn<T>(outcome: Promise<T>): Promise<T> {
    return outcome.finally(async () => {
      await nextTurn();
      this.#opsSinceYield = 0;
    });
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends bytes of a stream, or one datagram to the connected peer. Source: `socket.send`.
   *
   * @param data a string is sent as UTF-8. The bytes must not be changed before the promise resolves.
   * @returns how many bytes were sent, which may be fewer than were given; {@link sendall} sends them all.
   * @throws BrokenPipeError, ConnectionResetError, TimeoutError, ClosedResourceError.
   */
  async send(data: string | Uint8Array): Promise<number> {
    const bytes = toBytes(data);
    if (this.isDatagram) return this.#sendDatagram(bytes, null, null);
    let sent: number | null = null;
    await this.#sendStream(() => {
      sent ??= this.channel.trySend(bytes);
      return sent !== null && this.channel.flushed();
    }, bytes.length);
    return sent ?? 0;
  }

  /**
   * Sends everything, however long it takes. Source: `socket.sendall`.
   *
   * It resolves when the system has taken the last byte, so a peer that does not read makes it wait. Calls that overlap are
   * sent in their order; at most 1,024 may wait on one socket.
   *
   * @param data a string is sent as UTF-8. The bytes must not be changed before the promise resolves.
   * @throws BrokenPipeError, ConnectionResetError, ClosedResourceError; TimeoutError, after which an unknown part was sent;
   *   BusyResourceError beyond 1,024 waiting sends.
   */
  sendall(data: string | Uint8Array): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = toBytes(data);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.isDatagram) return this.#sendDatagram(bytes, null, null).then(() => undefined);
    if (this.waitingSends > 0 || this.closed) return this.#sendRest(bytes, 0);
    if (this.#opsSinceYield < YIELD_AFTER && this.timeout === null && this.channel.sendCoalesced(bytes)) {
      this.#opsSinceYield += costOf(bytes.length);
      const promise = deferred<void>();
      this.#departed = resolverOfLatest();
      this.#departsWithin = contextForRejection();
      return promise;
    }
    // Nearly always it is its turn, and the system takes everything.
    let sent = 0;
    try {
      if (bytes.length > 0) sent = this.channel.trySend(bytes) ?? 0;
      if (sent === bytes.length && this.channel.flushed()) return this.#atOnce(SENT, sent);
    } catch (error) {
      return this.#atOnce(Promise.reject(this.explainFailure(error, "send to", "send")), 0);
    }
    return this.#sendRest(bytes, sent);
  }

  /** @internal The channel tells its owner. */
  override onCoalescedSent(outcome: Buffer | Error | null): void {
    const resolve = this.#departed;
    const within = this.#departsWithin;
    this.#departed = null;
    this.#departsWithin = undefined;
    if (outcome === null) resolve?.();
    else settleInContext(within, resolve, () => this.#afterDeparture(outcome));
  }

  #afterDeparture(outcome: Buffer | Error): Promise<void> {
    // It may wait for ever, as at the time of the call.
    if (outcome instanceof Buffer) return this.#sendRest(outcome, 0, null);
    // Also where the socket is just being closed: what the system says counts.
    return Promise.reject(osError(`send to ${this.endpointName()}`, outcome, "send"));
  }

  /** Sends what is left, after so many bytes. */
  #sendRest(bytes: Uint8Array, alreadySent: number, timeout = this.timeout): Promise<void> {
    let sent = alreadySent;
    return this.#sendStream(
      () => {
        while (sent < bytes.length) {
          const taken = this.channel.trySend(sent === 0 ? bytes : bytes.subarray(sent));
          if (taken === null) return false;
          sent += taken;
        }
        return this.channel.flushed();
      },
      bytes.length,
      timeout,
    );
  }

  /** Runs a send, at once where it is its turn and nothing is in the way. */
  #sendStream(attempt: () => boolean, bytes: number, timeout = this.timeout): Promise<void> {
    const problem = this.#sendingProblem("send to", "send");
    if (problem !== null) return this.#atOnce(Promise.reject(problem), 0);
    if (this.waitingSends === 0) {
      try {
        if (attempt()) return this.#atOnce(SENT, bytes);
      } catch (error) {
        return this.#atOnce(Promise.reject(this.explainFailure(error, "send to", "send")), 0);
      }
      if (timeout === 0) return this.#sendWithoutWaiting(attempt);
    }
    return this.#waitToSend(attempt, timeout);
  }

  /** Why nothing can be sent, nor wait to be sent, if so. */
  #sendingProblem(action: string, syscall: string): Error | null {
    if (this.closed) return this.explainClosed(action, syscall);
    if (this.waitingSends === 0) return null;
    if (this.waitingSends >= defaults.maxQueuedSends) return this.explainBusy(action, syscall);
    return this.timeout === 0 ? this.explainBlocking(action, syscall) : null;
  }

  /**
   * With `settimeout(0)`. What the channel has taken is sent, so the promise still waits for that to leave the caller's
   * memory; a send that found no room at all fails.
   */
  #sendWithoutWaiting(attempt: () => boolean): Promise<void> {
    if (this.channel.flushed()) return this.#atOnce(Promise.reject(this.explainBlocking("send to", "send")), 0);
    return this.#waitToSend(attempt, null);
  }

  async #waitToSend(attempt: () => boolean, timeout: number | null): Promise<void> {
    this.#opsSinceYield = 0;
    await this.writers.wait(() => (attempt() ? true : null), "send to", "send", timeout);
  }

  /**
   * Sends one datagram. Source: `socket.sendto`.
   *
   * @param data a string is sent as UTF-8.
   * @returns how many bytes were sent.
   * @throws OSError `EMSGSIZE` for more than fits a datagram; GaiError.
   */
  sendto(data: string | Uint8Array, address: Address): Promise<number> {
    let target: Address | Promise<Address>;
    let bytes: Uint8Array;
    try {
      bytes = toBytes(data);
      if (!this.isDatagram) return this.sendall(bytes).then(() => bytes.length);
      target = resolveAddress(address, this.family, { passive: false });
    } catch (error) {
      return Promise.reject(error);
    }
    if (target instanceof Promise) return target.then((found) => this.#sendDatagram(bytes, found, address));
    return this.#sendDatagram(bytes, target, address);
  }

  /** @param given the address as the caller wrote it, for the words of an error. */
  #sendDatagram(bytes: Uint8Array, address: Address | null, given: Address | null): Promise<number> {
    if (this.waitingSends > 0 && this.writers.isBusy(this.#laneOf(address))) {
      return this.#waitToSendDatagram(bytes, address);
    }
    try {
      const sent = this.closed ? null : this.channel.trySendTo(bytes, address);
      if (typeof sent === "number") return this.#atOnce(Promise.resolve(sent), sent);
      if (sent === null) return this.#waitToSendDatagram(bytes, address);
      const explained = sent.catch((error: unknown) => {
        throw this.#explainDatagram(error, bytes, given);
      });
      // Node hands most datagrams to the system at once, and does not say which: each counts as done at once.
      return this.#atOnce(explained, bytes.length);
    } catch (error) {
      return this.#atOnce(Promise.reject(this.#explainDatagram(error, bytes, given)), 0);
    }
  }

  #waitToSendDatagram(bytes: Uint8Array, address: Address | null): Promise<number> {
    const problem = this.#sendingProblem("send to", "sendto");
    if (problem !== null) return this.#atOnce(Promise.reject(problem), 0);
    if (this.timeout === 0) return this.#atOnce(Promise.reject(this.explainBlocking("send to", "sendto")), 0);
    this.#opsSinceYield = 0;
    const attempt = (): number | Promise<number> | null => this.channel.trySendTo(bytes, address);
    const lane = this.#laneOf(address);
    return this.writers.wait(attempt, "send to", "sendto", this.timeout, lane).then((sent) => sent);
  }

  /** Each receiver of Unix datagrams has a queue of its own: one who does not read must not hold up the others. */
  #laneOf(address: Address | null): string | null {
    return typeof address === "string" ? address : null;
  }

  #explainDatagram(error: unknown, bytes: Uint8Array, given: Address | null): unknown {
    const to = given === null ? this.endpointName() : `${this.protocol} ${formatAddress(given)}`;
    return this.#explain(error, `send ${bytes.length} bytes to ${to}`, "sendto");
  }

  // ── ending and lending ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends one direction or both, while the socket stays open. Source: `socket.shutdown`.
   *
   * @param how `SHUT_WR` (the peer reads the end), `SHUT_RD` or `SHUT_RDWR`.
   * @throws OSError `ENOTCONN` when there is no connection.
   */
  async shutdown(how: number): Promise<void> {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) {
      throw new RangeError(`Cannot shut down in the direction ${how}: pass SHUT_RD, SHUT_WR or SHUT_RDWR.`);
    }
    this.assertOpen("shut down", "shutdown");
    try {
      this.channel.shutdown(how);
    } catch (error) {
      throw this.explainFailure(error, "shut down", "shutdown");
    }
  }

  /** @internal Ends the sending, if it is open and there is anybody left to end it to. */
  endSending(): void {
    if (!this.closed) this.channel.endSending();
  }

  /**
   * A second socket on the same connection: each has to be closed for it to end. Source: `socket.dup`.
   *
   * @returns the socket, which the caller closes.
   * @throws UnsupportedOperation on the Node transport; OSError `EMFILE`; ClosedResourceError.
   */
  dup(): Socket {
    this.assertOpen("duplicate", "dup");
    try {
      const options = { transport: this.transport };
      const copy = new Socket(this.family, this.type, this.proto, options, this.channel.duplicate());
      copy.settimeout(this.timeout);
      return copy;
    } catch (error) {
      throw this.explainFailure(error, "duplicate", "dup");
    }
  }

  /**
   * A file-like object over this socket. Source: `socket.makefile`.
   *
   * Closing it does not close the socket.
   *
   * @param mode `"r"` (the default) reads, `"w"` writes, `"rw"` does both; with `"b"` bytes, otherwise text.
   * @param options see {@link MakefileOptions}.
   * @example
   * ```ts
   * for await (const line of socket.makefile("r")) console.log(line);
   * ```
   */
  makefile<Mode extends FileMode = "r">(mode?: Mode, options?: MakefileOptions): FileOfMode[Mode] {
    return makefile(this, mode, options);
  }

  /** The error for an action whose value is not the socket's own endpoint. */
  #explain(error: unknown, action: string, syscall: string): unknown {
    if (codeOf(error) === "") return error;
    return this.closed ? closedError(action, syscall) : osError(action, error, syscall);
  }
}

function isPeek(flags: number): boolean {
  return (flags & MSG_PEEK) !== 0;
}

/** @internal Why a receiving call cannot have that size or those flags, if so. */
export function checkSize(size: number, flags: number): Error | null {
  if (!Number.isInteger(size) || size < 0) {
    return new RangeError(`Cannot receive ${size} bytes: the size is a whole number that is not negative.`);
  }
  if ((flags & ~(MSG_PEEK | MSG_DONTWAIT)) !== 0) {
    return unsupported(
      `Receiving with the flags 0x${flags.toString(16)} is not possible`,
      "Only MSG_PEEK and MSG_DONTWAIT are.",
      "recv",
    );
  }
  return null;
}
