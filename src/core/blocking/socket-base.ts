/**
 * {@link BlockingSocketBase}: how the calls of a blocking socket wait.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { type AddressFamily, MSG_DONTWAIT, type SocketKind } from "../constants.js";
import { OSError, osError, unsupported } from "../errors.js";
import { checkSize } from "../socket/operations.js";
import { openSocket, SocketBase } from "../socket/socket-base.js";
import { BlockingSendQueue } from "../stream/blocking-send-queue.js";
import { nativeTransport } from "../transport/index.js";
import { loadNativeAddon } from "../transport/native/addon.js";
import type { NativeChannel } from "../transport/native/channel.js";
import { POLLIN, POLLOUT, RETRY_TIME } from "../transport/native/constants.js";
import type { NativeTransport } from "../transport/native/transport.js";
import { resolveBlocking } from "./resolver.js";
import {
  blockFor,
  blockUntil,
  deadlineAfter,
  EXPIRED,
  INTERRUPTED,
  interruptedError,
  isInterrupted,
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

/** Until when a call may wait, on `performance.now()`'s clock; `null` for ever, `undefined` until it has to wait. */
export type Deadline = number | null | undefined;

/** What a call does, for the words of its errors, and what it waits for. */
export interface BlockingCall {
  readonly action: string;
  readonly syscall: string;
  readonly events: number;
}

export const ACCEPT: BlockingCall = { action: "accept a connection on", syscall: "accept", events: POLLIN };
export const CONNECT: BlockingCall = { action: "connect", syscall: "connect", events: POLLOUT };
export const RECV: BlockingCall = { action: "receive from", syscall: "recv", events: POLLIN };
export const RECVFROM: BlockingCall = { action: "receive from", syscall: "recvfrom", events: POLLIN };
export const SEND: BlockingCall = { action: "send to", syscall: "send", events: POLLOUT };
export const SENDTO: BlockingCall = { action: "send to", syscall: "sendto", events: POLLOUT };

/** The transport of blocking sockets. @throws UnsupportedOperation where it is not there, saying why */
export function blockingTransport(): NativeTransport {
  if (nativeTransport !== null) return nativeTransport;
  const loaded = loadNativeAddon();
  const reason = "reason" in loaded ? loaded.reason : "It is not in use.";
  throw unsupported("Blocking sockets need the native transport", reason, "socket");
}

/**
 * A socket whose calls block: each is tried on the channel, and where that finds nothing, the thread waits in `wait.ts`, from
 * which it can be woken. Its channel is never watched by the poller of this thread.
 */
export abstract class BlockingSocketBase extends SocketBase<NativeChannel> implements Disposable {
  #sendQueue: BlockingSendQueue | null = null;

  /** @internal @param channel the connection that the socket is made for, or `null` for a new socket. */
  constructor(
    family: AddressFamily,
    type: SocketKind,
    proto: number,
    { fileno }: BlockingSocketOptions,
    channel: NativeChannel | null,
  ) {
    super(
      channel === null
        ? openSocket(blockingTransport(), family, type, proto, fileno)
        : { channel, family, kind: type, protocol: proto },
    );
    this.channel.mayLinger = true;
  }

  protected override get className(): string {
    return "BlockingSocket";
  }

  /** @internal What files have to send, in the order of the calls: with a buffer, they collect it. */
  get sendQueue(): BlockingSendQueue {
    this.#sendQueue ??= new BlockingSendQueue({ sendall: (bytes) => this.sendNow(bytes) });
    return this.#sendQueue;
  }

  /** @internal Sends what was collected: a call is about to block for the answer, or the connection is about to end. */
  protected override sendCollected(): void {
    this.#sendQueue?.start();
  }

  /** @internal Sends what was collected before what a call sends. @throws what that has failed with */
  protected flushCollected(): void {
    this.#sendQueue?.flush();
  }

  /** @internal Sends everything, for a file of the socket: also when that is closed, and waits for the file. */
  protected sendNow(bytes: Uint8Array): void {
    this.begin(SEND, this.ended);
    if (this.isDatagram) this.sendMessage(bytes, null);
    else this.sendStream(bytes, bytes.length);
  }

  /**
   * Gives the socket back to the system. Source: `socket.close`.
   *
   * What was sent still arrives. Closing twice is no error. As in Python, the connection lives on while a file that `makefile()`
   * has made of it is open, and ends with the last one; a server that closes its request does not wait for them.
   */
  close(): void {
    this.closeUnlessUsed();
  }

  /** The same as {@link close}: `using socket = new BlockingSocket()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Refuses a call on a closed socket, or in a thread that was told to end what it does. */
  protected begin({ action, syscall }: BlockingCall, isClosed = this.closed): void {
    if (isInterrupted()) throw this.explainWait(INTERRUPTED, action, syscall);
    if (isClosed) throw this.explainClosed(action, syscall);
  }

  /** @internal Refuses a receiving call that cannot be made. */
  protected beginReceiving(call: BlockingCall, size: number, flags: number, isClosed: boolean): void {
    const problem = checkSize(size, flags);
    if (problem !== null) throw problem;
    this.begin(call, isClosed);
  }

  /** @internal Whether a receiving call with these flags may wait. */
  protected mayWait(flags: number): boolean {
    return this.timeout !== 0 && (flags & MSG_DONTWAIT) === 0;
  }

  /** @internal Makes a call: at once, or as soon as it finds something. @param attempt `null` when it has to be repeated */
  protected perform<Result>(call: BlockingCall, mayWait: boolean, attempt: () => Result | null): Result {
    let result: Result | null;
    try {
      result = attempt();
    } catch (error) {
      throw this.explainFailure(error, call.action, call.syscall);
    }
    return result ?? this.performLater(call, mayWait, undefined, attempt);
  }

  /** @internal The same for a call that has found nothing as yet. */
  protected performLater<Result>(
    call: BlockingCall,
    mayWait: boolean,
    deadline: Deadline,
    attempt: () => Result | null,
  ): Result {
    if (mayWait && call.events === POLLIN) this.sendCollected();
    try {
      let end = deadline;
      for (;;) {
        if (mayWait) end = this.block(call, end);
        else this.#settleAtOnce(call);
        const result = attempt();
        if (result !== null) return result;
      }
    } catch (error) {
      throw this.explainFailure(error, call.action, call.syscall);
    }
  }

  /** @internal Blocks until a call may find something. @returns its deadline, for the next wait */
  protected block(call: BlockingCall, deadline: Deadline): number | null {
    const { connecting } = this.channel;
    const end = this.waitFor(connecting ? POLLOUT : call.events, call, deadline);
    if (connecting) this.channel.finishConnecting();
    return end;
  }

  /** @internal Blocks until the descriptor is ready. @returns the call's deadline */
  protected waitFor(events: number, { action, syscall }: BlockingCall, deadline: Deadline): number | null {
    const end = deadline === undefined ? deadlineAfter(this.timeout) : deadline;
    const outcome = blockUntil(this.channel.descriptor, events, end);
    if (outcome !== READY) throw this.explainWait(outcome, action, syscall);
    return end;
  }

  /** Of a call that may not wait: there is something for it only where a connection was being made, and now is there. */
  #settleAtOnce({ action, syscall }: BlockingCall): void {
    const { connecting, descriptor } = this.channel;
    if (!connecting || blockUntil(descriptor, POLLOUT, 0) !== READY) throw this.explainBlocking(action, syscall);
    this.channel.finishConnecting();
  }

  /** @internal Blocks for a moment: for what the system does not tell. Otherwise like {@link block}. */
  protected pause({ action, syscall }: BlockingCall, deadline: Deadline): number | null {
    const end = deadline === undefined ? deadlineAfter(this.timeout) : deadline;
    if (end !== null && performance.now() >= end) throw this.explainWait(EXPIRED, action, syscall);
    if (blockFor(RETRY_TIME)) throw this.explainWait(INTERRUPTED, action, syscall);
    return end;
  }

  /** @internal Sends, until at least so many bytes are sent. @returns how many */
  protected sendStream(bytes: Uint8Array, least: number): number {
    let sent: number;
    try {
      // Nearly always the system takes everything.
      sent = this.channel.trySend(bytes, 0, bytes.length, false) ?? -1;
    } catch (error) {
      throw this.explainFailure(error, "send to", "send");
    }
    return sent >= least ? sent : this.#sendRest(bytes, Math.max(0, sent), least);
  }

  // Apart from what nearly every call comes to: a function that is made there is made every time.
  #sendRest(bytes: Uint8Array, from: number, least: number): number {
    let sent = from;
    return this.performLater(SEND, this.timeout !== 0, undefined, () => {
      const taken = this.channel.trySend(bytes, sent, bytes.length, false);
      sent += taken ?? 0;
      return taken !== null && sent >= least ? sent : null;
    });
  }

  /** @internal Sends one datagram. @param address as the caller wrote it; `null` for the peer */
  protected sendMessage(bytes: Uint8Array, address: Address | null): number {
    const { channel } = this;
    let deadline: Deadline;
    try {
      const target = address === null ? null : resolveBlocking(address, this.family, false);
      for (;;) {
        const sent = channel.trySendTo(bytes, target);
        if (sent !== null) return sent;
        if (this.timeout === 0) throw this.explainBlocking("send to", "sendto");
        deadline = channel.tellsOfRoomFor(target) ? this.block(SENDTO, deadline) : this.pause(SENDTO, deadline);
      }
    } catch (error) {
      throw this.explainDatagram(error, bytes, address);
    }
  }

  /** @internal The errors of this class speak for themselves: a call that was interrupted has not closed the socket. */
  protected override explain(error: unknown, action: string, syscall: string): unknown {
    return error instanceof OSError ? error : super.explain(error, action, syscall);
  }

  /** @internal Why a call did not wait to its end. */
  protected explainWait(outcome: WaitOutcome, action: string, syscall: string): Error {
    const what = `${action} ${this.endpointName()}`;
    if (outcome === INTERRUPTED) return interruptedError(what, syscall);
    return osError(`${what} within ${this.timeout} s`, "ETIMEDOUT", syscall);
  }
}
