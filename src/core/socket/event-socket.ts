/**
 * {@link EventSocket}: a socket whose calls await: what the events of its channel lead to, and who gets its connection.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Address } from "../address/address.js";
import type { AddressFamily, SocketKind } from "../constants.js";
import { BusyResourceError, codeOf } from "../errors.js";
import type { ByteReceiver } from "../stream/byte-stream.js";
import { SendQueue } from "../stream/send-queue.js";
import { defaultTransport } from "../transport/index.js";
import type {
  Channel,
  ChannelCounters,
  ChannelOwner,
  TransferableConnection,
  Transport,
} from "../transport/transport.js";
import { DatagramQueue } from "./datagram-queue.js";
import { WeakOwner } from "./forgotten.js";
import { openSocket, SocketBase } from "./socket-base.js";

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

/** Listens to a channel, and passes its events on: to queues of sends, to the call that receives, to selectors. */
export abstract class EventSocket extends SocketBase implements ChannelOwner, AsyncDisposable {
  /** @internal */
  protected readonly transport: Transport;
  #sendQueue: SendQueue | null = null;
  #datagramQueue: DatagramQueue | null = null;
  /** What a connection attempt that no call has waited for has failed with. The system, too, says it once. */
  #pendingError: unknown = null;

  #finalCounters: ChannelCounters | null = null;
  /** What the connection was given to Node as. */
  #given: Duplex | null = null;
  // Made for those only that are watched: an idle connection should cost little.
  #watchers: Set<() => void> | null = null;
  #dropListener: ((address: Address, error: Error | null) => void) | null = null;
  /** Of a socket that the garbage collector may close. */
  #weakOwner: WeakOwner | null = null;

  /** @internal @param channel the connection that the socket is made for, or `null` for a new socket. */
  constructor(family: AddressFamily, type: SocketKind, proto: number, options: SocketOptions, channel: Channel | null) {
    const { transport = defaultTransport, fileno } = options;
    super(
      channel === null
        ? openSocket(transport, family, type, proto, fileno)
        : { channel, family, kind: type, protocol: proto },
    );
    this.transport = transport;
    if (channel === null) this.closeWhenForgotten();
    else this.own(channel);
  }

  /**
   * @internal Has the garbage collector close the socket when the program has dropped it: for those that a program makes. A
   * server closes its own.
   */
  closeWhenForgotten(): void {
    this.#weakOwner = new WeakOwner(this, this.channel);
    this.own(this.channel);
  }

  /** @internal Keeps the socket alive while one of its calls waits. Called when a wait begins, and when one may have ended. */
  protected updateHold(): void {
    if (this.#weakOwner === null) return;
    const watched = this.#watchers !== null && this.#watchers.size > 0;
    const sends = this.#sendQueue?.isBusy || this.waitingDatagrams > 0;
    this.#weakOwner.held = watched || sends || this.isWaiting ? this : null;
  }

  /** @internal Whether a call waits to receive, or to connect. */
  protected abstract get isWaiting(): boolean;

  /** @internal A send waits for room. */
  onSendWaits(): void {
    this.updateHold();
  }

  protected override get className(): string {
    return "Socket";
  }

  /**
   * @internal The bytes that the connection has to send, in the order of the calls: those of the socket and of the files made of
   * it. Made with the first of them, since many connections never send.
   */
  get sendQueue(): SendQueue {
    this.#sendQueue ??= new SendQueue(this.channel, this);
    return this.#sendQueue;
  }

  /** @internal Begins to send what was collected: a call is about to wait for the answer. */
  protected startSending(): void {
    this.#sendQueue?.start();
  }

  /** @internal */
  protected override sendCollected(): void {
    this.startSending();
  }

  /** @internal How many datagrams wait to be sent. */
  protected get waitingDatagrams(): number {
    return this.#datagramQueue === null ? 0 : this.#datagramQueue.length;
  }

  /** @internal Made when a datagram has to wait for the first time: most sockets never know it. */
  protected get datagramQueue(): DatagramQueue {
    this.#datagramQueue ??= new DatagramQueue(this);
    return this.#datagramQueue;
  }

  /** @internal Takes a channel as its own, and listens to it. */
  protected own(channel: Channel): void {
    this.channel = channel;
    if (this.#weakOwner !== null) this.#weakOwner.channel = channel;
    channel.owner = this.#weakOwner ?? this;
    if (this.#sendQueue !== null) this.#sendQueue.target = channel;
  }

  /** @internal */
  protected setPendingError(error: unknown): void {
    this.#pendingError = error;
  }

  /** @internal */
  protected override takePendingError(): unknown {
    const error = this.#pendingError;
    this.#pendingError = null;
    return error;
  }

  /** @internal There may be something for the call that waits to receive. */
  protected abstract wakeReceiver(): void;
  /** @internal There will be nothing any more: the socket is closed. @param receiver what has waited for bytes. */
  protected abstract endReceiver(receiver: ByteReceiver | null): void;
  /** @internal Takes what a reader has received and not passed on. */
  protected abstract takeReadAhead(): Buffer;

  /** @internal An event of the channel. */
  abstract onReceiveError(receiver: ByteReceiver, error: unknown): void;

  /** @internal An event of the channel. */
  onReadable(): void {
    this.wakeReceiver();
    this.#notifyWatchers();
    this.updateHold();
  }

  /** @internal An event of the channel. */
  onWritable(): void {
    this.#sendQueue?.wake();
    this.#datagramQueue?.wake();
    if (this.waitingDatagrams > 0) this.channel.watch("write");
    this.#notifyWatchers();
    this.updateHold();
  }

  #notifyWatchers(): void {
    if (this.#watchers === null) return;
    for (const watcher of this.#watchers) watcher();
  }

  /** @internal An event of the channel. */
  onDrop(address: Address, error: Error | null): void {
    this.#dropListener?.(address, error);
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Gives the socket back to the system. Source: `socket.close`.
   *
   * Calls that wait on it reject with a ClosedResourceError. What finished calls have sent still arrives; of a `sendall()`
   * that was still waiting, a part. Closing twice is no error.
   *
   * As in Python, the connection lives on while a file that `makefile()` has made of it is open, and ends with the last one. A
   * server that closes its request does not wait for them.
   */
  async close(): Promise<void> {
    this.closeUnlessUsed();
  }

  /** @internal */
  override closeNow(): void {
    // While the socket is open, so that a failure is told as what it is.
    if (!this.ended) this.startSending();
    super.closeNow();
  }

  // What was collected belongs before all that is done with the descriptor, or follows from its options.

  override fileno(): number {
    if (!this.ended) this.startSending();
    return super.fileno();
  }

  override setsockopt(level: number, option: number, value: number | boolean | Uint8Array): void {
    if (!this.ended) this.startSending();
    super.setsockopt(level, option, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A connection that was given to Node is destroyed there: so a server can cut a request off, wherever its connection is. */
  override abort(): void {
    this.#given?.destroy();
    super.abort();
  }

  /** @internal */
  protected override end(how: (channel: Channel) => void): void {
    if (this.ended) return;
    const { receiver } = this.channel;
    this.channel.receiver = null;
    super.end(how);
    this.endReceiver(receiver);
    this.#sendQueue?.close();
    this.#datagramQueue?.close();
    this.#notifyWatchers();
    this.#weakOwner?.end();
  }

  /**
   * @internal Hands the socket over to another thread, by the number of its transport; it is closed here afterwards.
   *
   * @returns the descriptor, or -1 when that thread has ended: then nothing has changed.
   */
  handOver(thread: number): number {
    this.assertOpen("hand over", "detach");
    let descriptor: number;
    this.startSending();
    try {
      descriptor = this.channel.release(thread);
    } catch (error) {
      if (codeOf(error) === "ESRCH") return -1;
      throw this.explainFailure(error, "hand over", "detach");
    }
    this.end(() => {});
    return descriptor;
  }

  /**
   * Gives the connection to Node: for `node:tls`, `node:http`, and whatever else works on Node's streams.
   *
   * This socket is closed afterwards, and the caller ends the stream that he got; {@link abort} alone still reaches it. It
   * comes with the bytes that were received and not read, also by a reader of this connection. What was written before leaves
   * first: `await` the writes and `flush()`.
   *
   * @returns a `net.Socket`. @throws OSError `ENOTCONN` when there is no connection; ClosedResourceError; BusyResourceError
   *   while a send waits.
   * @example
   * ```ts
   * httpServer.emit("connection", this.request.toNodeSocket());
   * ```
   */
  toNodeSocket(): Duplex {
    this.assertOpen("give to Node", "detach");
    this.startSending();
    if (this.#sendQueue?.isBusy) throw this.explainBusy("give to Node", "detach");
    let stream: Duplex;
    try {
      stream = this.channel.toNodeSocket(this.takeReadAhead());
    } catch (error) {
      throw this.explainFailure(error, "give to Node", "detach");
    }
    this.#given = stream;
    this.end(() => {});
    return stream;
  }

  /** @internal Lets Node copy the connection to another process; `null` where Node does not know it. */
  prepareTransfer(): TransferableConnection | null {
    this.assertOpen("hand over", "dup");
    this.startSending();
    try {
      return this.channel.prepareTransfer();
    } catch (error) {
      throw this.explainFailure(error, "hand over", "dup");
    }
  }

  // ── readiness ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes moved so far, and bytes that have arrived unread. */
  override get counters(): ChannelCounters {
    return this.#finalCounters ?? super.counters;
  }

  /** @internal What the counters came to elsewhere, after {@link handOver}. */
  settleCounters(counters: ChannelCounters): void {
    this.#finalCounters = counters;
  }

  /** Whether a receiving or accepting call would return (or fail) at once. */
  get readable(): boolean {
    if (this.closed || this.channel.readable) return true;
    // Whoever asks is called back when that has changed.
    this.channel.watch("read");
    return false;
  }

  /** Whether a sending call would take something (or fail) at once. */
  get writable(): boolean {
    if (this.closed || this.channel.writable) return true;
    this.channel.watch("write");
    return false;
  }

  /** Whether urgent bytes (`MSG_OOB`) have arrived. */
  get exceptional(): boolean {
    return !this.closed && this.channel.exceptional;
  }

  /**
   * @internal Has a function called when {@link readable} or {@link writable} may have become true, and when the socket is
   * closed: a server's loop and `select()` wait by it. @returns what ends that.
   */
  watch(watcher: () => void): () => void {
    const watchers = this.#watchers ?? new Set();
    this.#watchers = watchers;
    watchers.add(watcher);
    this.updateHold();
    return () => {
      watchers.delete(watcher);
      this.updateHold();
    };
  }

  /** @internal Has a function called when the transport had to throw a connection or datagram away. */
  watchDrops(listener: (address: Address, error: Error | null) => void): void {
    this.#dropListener = listener;
  }

  /** @internal The error for a call that another one is in the way of. */
  protected explainBusy(action: string, syscall: string): Error {
    return new BusyResourceError(
      `Cannot ${action} ${this.endpointName()}: another call is already doing that (EBUSY). Await one call before the next.`,
      { code: "EBUSY", syscall },
    );
  }
}
