/**
 * {@link Socket}: the BSD calls, under their names in Python's `socket` module, each returning a promise where it may have
 * to wait.
 *
 * @module
 */

import { type Address, formatAddress, isInetAddress } from "../address/address.js";
import { resolveAddress } from "../address/resolve.js";
import { unixBytes } from "../address/unix.js";
import { type AddressFamily, AF_INET, MSG_DONTWAIT, SOCK_STREAM, type SocketKind } from "../constants.js";
import { DeadlineTimer, deadlineAfter } from "../deadline-timer.js";
import { defaults } from "../defaults.js";
import { closedError, codeOf, osError } from "../errors.js";
import { type ByteReceiver, toBytes } from "../stream/byte-stream.js";
import { type FileMode, type FileOfMode, type MakefileOptions, makefile } from "../stream/makefile.js";
import { isSharedTurn } from "../stream/turns-end.js";
import { systemError } from "../transport/system-error.js";
import type { Channel } from "../transport/transport.js";
import { mayGoOn, nextTurn, passOn } from "../turn.js";
import { EventSocket, type SocketOptions } from "./event-socket.js";
import { checkSize, connectErrno, type Datagram, isPeek, NOTHING, tryReceive, tryReceiveFrom } from "./operations.js";
import { PendingReceive, type ReceiveOperation } from "./pending-receive.js";

export type { Datagram } from "./operations.js";

const RECV = { action: "receive from", syscall: "recv" };
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
export class Socket extends EventSocket {
  /** Made when a receiving call has to wait for the first time. */
  #pending: PendingReceive | null = null;
  /** A receiver that bytes are on their way to: they were there, and are passed on in the next turn. */
  #delayed: ByteReceiver | null = null;
  /** Ends what waits to receive; made with the first time-out. */
  #timer: DeadlineTimer | null = null;
  /** The time-out of the call that waits, in seconds, for the message of its error. */
  #waitLimit = 0;
  /** A reader, which may have received more than it has passed on. */
  #reader: ByteReceiver | null = null;
  /** A connection attempt goes on that no call waits for. */
  #isConnecting = false;

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
      throw this.explain(error, `bind ${this.protocol} ${formatAddress(address)}`, "bind");
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
      this.#become(await this.channel.listen(Math.max(1, backlog)));
    } catch (error) {
      const failed = codeOf(error) === "EOPNOTSUPP" || codeOf(error) === "EISCONN" ? "listen on" : "bind";
      throw this.explain(error, `${failed} ${this.protocol} ${this.localName()}`, "listen");
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
    const attempt = (): [Socket, Address] | null => {
      const accepted = this.#tryAccept();
      accepted?.[0].closeWhenForgotten();
      return accepted;
    };
    return this.#receive({ action: "accept a connection on", syscall: "accept", attempt }, 0, flags);
  }

  /** @internal The same for a server, which closes what it accepts, and looks whether a client is there before. */
  acceptAtOnce(): Promise<[connection: Socket, address: Address]> {
    const operation = { action: "accept a connection on", syscall: "accept", attempt: () => this.#tryAccept() };
    return this.#receive(operation, 0, MSG_DONTWAIT);
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
      await this.#connect(target, action);
    } catch (error) {
      if (!this.#isConnecting) this.#onConnectFailed(error);
      throw this.explain(error, action, "connect");
    }
  }

  #connect(target: Address, action: string): void | Promise<void> {
    // As the system does it: the error of an attempt that no call has waited for is the answer to the next call.
    const failure = this.takePendingError();
    if (failure !== null) throw failure;
    if (this.#isConnecting) throw systemError("EALREADY");
    const outcome = this.channel.connect(target, this.timeout !== 0);
    if (!(outcome instanceof Promise)) {
      this.#become(outcome);
      return;
    }
    this.#isConnecting = true;
    this.updateHold();
    const connecting = outcome.then(
      (channel) => {
        this.#isConnecting = false;
        this.#become(channel);
      },
      (error: unknown) => {
        this.#isConnecting = false;
        throw error;
      },
    );
    // A datagram socket only remembers the address: there is nothing to wait for.
    if (this.timeout === null || this.isDatagram) return connecting;
    return this.#limitConnect(connecting, this.timeout, action);
  }

  /** Waits for an attempt, which goes on when the time is over: the next call, and `SO_ERROR`, say what became of it. */
  async #limitConnect(connecting: Promise<void>, seconds: number, action: string): Promise<void> {
    let isLate = seconds === 0;
    const watched = connecting.catch((error: unknown) => {
      if (!isLate) throw error;
      if (!this.#onConnectFailed(error)) this.setPendingError(error);
    });
    if (isLate) throw osError(action, "EINPROGRESS", "connect");
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        isLate = true;
        reject(osError(action, "ETIMEDOUT", "connect"));
      }, seconds * 1000);
    });
    try {
      await Promise.race([watched, expired]);
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
      return connectErrno(error);
    }
  }

  /** Ends what waits for the connection. @returns whether a call has heard of the error by that */
  #onConnectFailed(error: unknown): boolean {
    const { receiver } = this.channel;
    if (receiver !== null) this.onReceiveError(receiver, error);
    this.onReadable();
    this.onWritable();
    return receiver !== null;
  }

  /** The channel has become another: a listener, or a connection. */
  #become(next: Channel): void {
    if (this.ended) {
      next.close();
      throw closedError(`use ${this.protocol} socket`, "connect");
    }
    const { receiver } = this.channel;
    this.own(next);
    next.receiver = null;
    // The event that told of the connection may have told of bytes, too.
    if (receiver !== null) this.#tryReceive(receiver);
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
    // As CPython: a stream that is asked for nothing returns at once.
    if (flags !== 0 || size === 0) return this.#recv(size, flags);
    const problem = checkSize(size, 0) ?? this.#receivingProblem("receive from", "recv");
    if (problem !== null) return passOn(Promise.reject(problem));
    let bytes: Buffer | null;
    try {
      bytes = this.channel.tryReceive(size, false);
    } catch (error) {
      return passOn(Promise.reject(this.explainFailure(error, "receive from", "recv")));
    }
    if (bytes !== null) return passOn(Promise.resolve(bytes), bytes.length);
    if (this.timeout === 0) return passOn(Promise.reject(this.explainBlocking("receive from", "recv")));
    this.#pending ??= new PendingReceive(this);
    const promise = this.#pending.waitForBytes(size);
    this.#waitForBytes(this.#pending);
    return promise;
  }

  #recv(size: number, flags: number): Promise<Buffer> {
    const attempt = (): Buffer | null => tryReceive(this.channel, this.type, size, isPeek(flags));
    return this.#receive({ action: "receive from", syscall: "recv", attempt }, size, flags);
  }

  /** @internal The same without a promise, for readers. It may call the receiver before it returns. */
  receive(receiver: ByteReceiver): void {
    this.#reader = receiver;
    const problem = this.#receivingProblem("receive from", "recv", this.ended);
    if (problem !== null) this.#refuse(receiver, problem);
    else this.#tryReceive(receiver);
  }

  #tryReceive(receiver: ByteReceiver): void {
    let bytes: Buffer | null;
    try {
      bytes = this.channel.tryReceive(receiver.wanted, false);
    } catch (error) {
      this.#refuse(receiver, this.explainFailure(error, "receive from", "recv"));
      return;
    }
    if (bytes === null) {
      if (this.timeout === 0) this.#refuse(receiver, this.explainBlocking("receive from", "recv"));
      else this.#waitForBytes(receiver);
    } else if (mayGoOn(bytes.length)) {
      receiver.onBytes(bytes);
    } else {
      this.#delayed = receiver;
      const received = bytes;
      void nextTurn().then(() => {
        this.#delayed = null;
        receiver.onBytes(received);
      });
    }
  }

  #refuse(receiver: ByteReceiver, error: unknown): void {
    if (mayGoOn()) receiver.onError(error);
    else void nextTurn().then(() => receiver.onError(error));
  }

  /** Nothing is there: the channel delivers what comes. */
  #waitForBytes(receiver: ByteReceiver): void {
    this.#beginWait();
    this.channel.receiver = receiver;
    this.channel.watch("read");
  }

  /** A receiving call is to wait: for an answer to what was written, so that leaves now. */
  #beginWait(): void {
    if (!isSharedTurn()) this.startSending();
    const { timeout } = this;
    if (timeout !== null) {
      this.#waitLimit = timeout;
      this.#timer ??= new DeadlineTimer(this.#onExpired);
    }
    this.#timer?.set(deadlineAfter(timeout));
  }

  readonly #onExpired = (): void => {
    const { receiver } = this.channel;
    const operation = this.#pending?.operation ?? null;
    const { action, syscall } = operation ?? RECV;
    const error = this.explainTimeout(this.#waitLimit, action, syscall);
    this.channel.receiver = null;
    if (receiver !== null) receiver.onError(error);
    else if (operation !== null) this.#pending?.onError(error);
    this.updateHold();
  };

  /** @internal An event of the channel. */
  override onReceiveError(receiver: ByteReceiver, error: unknown): void {
    this.channel.receiver = null;
    receiver.onError(this.explainFailure(error, "receive from", "recv"));
  }

  /**
   * Receives into the caller's memory. Source: `socket.recv_into`.
   *
   * @param size at most this many bytes; the whole buffer by default.
   * @returns how many bytes were written to the buffer's beginning; 0 at the end of the stream.
   */
  recvInto(buffer: Uint8Array, size: number = buffer.length, flags = 0): Promise<number> {
    const length = Math.min(size, buffer.length);
    if (isPeek(flags) || length === 0 || this.isDatagram) {
      return this.#recv(length, flags).then((data) => {
        buffer.set(data);
        return data.length;
      });
    }
    const attempt = (): number | null => this.channel.tryReceiveInto(buffer, 0, length);
    return this.#receive({ action: "receive from", syscall: "recv", attempt }, length, flags);
  }

  /**
   * Receives one datagram, or bytes of a stream, with the sender's address. Source: `socket.recvfrom`.
   *
   * @param size what is longer than this many bytes is cut, and the third item of the result is true.
   */
  recvfrom(size: number, flags = 0): Promise<Datagram> {
    const attempt = (): Datagram | null => tryReceiveFrom(this.channel, this.type, size, isPeek(flags));
    return this.#receive({ action: "receive from", syscall: "recvfrom", attempt }, size, flags);
  }

  /**
   * @internal Receives a datagram that is there already, and others with it. The caller sees to it that the event loop turns.
   */
  recvfromAtOnce(size: number): Datagram {
    const problem = checkSize(size, 0) ?? this.#receivingProblem("receive from", "recvfrom");
    if (problem !== null) throw problem;
    let datagram: Datagram | null;
    try {
      this.channel.enableBatching();
      datagram = tryReceiveFrom(this.channel, this.type, size, false);
    } catch (error) {
      throw this.explainFailure(error, "receive from", "recvfrom");
    }
    if (datagram === null) throw this.explainBlocking("receive from", "recvfrom");
    return datagram;
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

  /** Tries at once, and waits only when it would block. */
  #receive<Result>(operation: ReceiveOperation<Result>, size: number, flags: number): Promise<Result> {
    const { action, syscall } = operation;
    const problem = checkSize(size, flags) ?? this.#receivingProblem(action, syscall);
    if (problem !== null) return passOn(Promise.reject(problem));
    let result: Result | null;
    try {
      result = operation.attempt();
    } catch (error) {
      return passOn(Promise.reject(this.explainFailure(error, action, syscall)));
    }
    if (result !== null) {
      return passOn(Promise.resolve(result), typeof result === "number" ? result : 0);
    }
    if (this.timeout === 0 || (flags & MSG_DONTWAIT) !== 0) {
      return passOn(Promise.reject(this.explainBlocking(action, syscall)));
    }
    this.#pending ??= new PendingReceive(this);
    const promise = this.#pending.waitFor(operation);
    this.updateHold();
    this.#beginWait();
    this.channel.watch("read");
    return promise;
  }

  /** Why nothing can be received now, if so. */
  #receivingProblem(action: string, syscall: string, isClosed = this.closed): Error | null {
    if (isClosed) return this.explainClosed(action, syscall);
    if (this.channel.receiver !== null || this.#delayed !== null || this.#pending?.isBusy) {
      return this.explainBusy(action, syscall);
    }
    const failure = this.takePendingError();
    return failure === null ? null : (this.explainFailure(failure, action, syscall) as Error);
  }

  /** @internal */
  protected override get isWaiting(): boolean {
    return this.#isConnecting || this.#delayed !== null || this.#pending?.operation != null;
  }

  /** @internal */
  protected override wakeReceiver(): void {
    const pending = this.#pending;
    if (pending === null || pending.operation === null) return;
    const { action, syscall } = pending.operation;
    try {
      if (pending.tryAgain()) this.channel.watch("read");
    } catch (error) {
      pending.onError(this.explainFailure(error, action, syscall));
    }
  }

  /** @internal */
  protected override endReceiver(receiver: ByteReceiver | null): void {
    this.#timer?.close();
    const operation = this.#pending?.operation ?? null;
    if (receiver === null && operation === null) return;
    const { action, syscall } = operation ?? RECV;
    const error = this.explainClosed(action, syscall);
    if (receiver !== null) receiver.onError(error);
    else if (operation !== null) this.#pending?.onError(error);
  }

  /** @internal */
  protected override takeReadAhead(): Buffer {
    return this.#reader?.takeBuffered?.() ?? NOTHING;
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends bytes of a stream, or one datagram to the connected peer. Source: `socket.send`.
   *
   * @param data a string is sent as UTF-8. The bytes must not be changed before the promise resolves.
   * @returns how many bytes were sent, which may be fewer than were given; {@link sendall} sends them all.
   * @throws BrokenPipeError, ConnectionResetError, TimeoutError, ClosedResourceError.
   */
  send(data: string | Uint8Array): Promise<number> {
    let outcome: number | Promise<number>;
    try {
      const bytes = toBytes(data);
      if (this.isDatagram) return this.#sendDatagram(bytes, null, null);
      this.#assertSending();
      outcome = this.sendQueue.send(bytes);
    } catch (error) {
      return passOn(Promise.reject(error));
    }
    return typeof outcome === "number" ? passOn(Promise.resolve(outcome), outcome) : outcome;
  }

  #assertSending(): void {
    if (this.closed) throw this.explainClosed("send to", "send");
  }

  /**
   * Sends everything, however long it takes. Source: `socket.sendall`.
   *
   * It resolves when the system has taken the last byte, so a peer that does not read makes it wait. Calls that overlap are
   * sent in their order, also with what was written to a file of this socket; sends of more than 16 MiB may not wait.
   *
   * @param data a string is sent as UTF-8. The bytes must not be changed before the promise resolves.
   * @throws BrokenPipeError, ConnectionResetError, ClosedResourceError; TimeoutError, after which an unknown part was sent;
   *   BusyResourceError when sends of more than 16 MiB wait already.
   */
  sendall(data: string | Uint8Array): Promise<void> {
    let outcome: Promise<void> | null;
    let bytes: Uint8Array;
    try {
      bytes = toBytes(data);
      if (this.isDatagram) return this.#sendDatagram(bytes, null, null).then(() => undefined);
      this.#assertSending();
      outcome = this.sendQueue.sendall(bytes);
    } catch (error) {
      return passOn(Promise.reject(error));
    }
    // Also where it waits: what is done at once after it must not overtake it.
    return passOn(outcome ?? SENT, bytes.length);
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
    } catch (error) {
      return passOn(Promise.reject(error));
    }
    if (!this.isDatagram) return this.sendall(bytes).then(() => bytes.length);
    try {
      target = resolveAddress(address, this.family, { passive: false });
    } catch (error) {
      return passOn(Promise.reject(this.explainDatagram(error, bytes, address)));
    }
    if (target instanceof Promise) return target.then((found) => this.#sendDatagram(bytes, found, address));
    return this.#sendDatagram(bytes, target, address);
  }

  /** @param given the address as the caller wrote it, for the words of an error. */
  #sendDatagram(bytes: Uint8Array, address: Address | null, given: Address | null): Promise<number> {
    if (this.waitingDatagrams > 0 && this.datagramQueue.isBusy(this.#laneOf(address))) {
      return this.#waitToSendDatagram(bytes, address);
    }
    try {
      const sent = this.closed ? null : this.channel.trySendTo(bytes, address);
      if (typeof sent === "number") return passOn(Promise.resolve(sent), sent);
      if (sent === null) return this.#waitToSendDatagram(bytes, address);
      const explained = sent.catch((error: unknown) => {
        throw this.explainDatagram(error, bytes, given);
      });
      // Node hands most datagrams to the system at once, and does not say which: each counts as done at once.
      return passOn(explained, bytes.length);
    } catch (error) {
      return passOn(Promise.reject(this.explainDatagram(error, bytes, given)));
    }
  }

  #waitToSendDatagram(bytes: Uint8Array, address: Address | null): Promise<number> {
    if (this.closed) return passOn(Promise.reject(this.explainClosed("send to", "sendto")));
    if (this.timeout === 0) return passOn(Promise.reject(this.explainBlocking("send to", "sendto")));
    if (this.waitingDatagrams >= defaults.maxQueuedSends) {
      return passOn(Promise.reject(this.explainBusy("send to", "sendto")));
    }
    const attempt = (): number | Promise<number> | null => this.channel.trySendTo(bytes, address);
    const lane = this.#laneOf(address);
    const sending = this.datagramQueue.wait(attempt, "send to", "sendto", this.timeout, lane).then((sent) => sent);
    this.channel.watch("write");
    this.updateHold();
    return sending;
  }

  /** Each receiver of Unix datagrams has a queue of its own: one who does not read must not hold up the others. */
  #laneOf(address: Address | null): string | null {
    if (address === null || isInetAddress(address)) return null;
    return typeof address === "string" ? address : unixBytes(address).toString("latin1");
  }

  // ── ending and lending ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends one direction or both, while the socket stays open. Source: `socket.shutdown`.
   *
   * @param how `SHUT_WR` (the peer reads the end), `SHUT_RD` or `SHUT_RDWR`.
   * @throws OSError `ENOTCONN` when there is no connection.
   */
  async shutdown(how: number): Promise<void> {
    this.endDirection(how);
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
      this.startSending();
      const options = { transport: this.transport };
      const copy = new Socket(this.family, this.type, this.proto, options, this.channel.duplicate());
      copy.settimeout(this.timeout);
      copy.closeWhenForgotten();
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
}
