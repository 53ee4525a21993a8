/**
 * {@link SendQueue}: what one connection has to send, in the order of the calls that sent it.
 *
 * @module
 */

import { type AsyncContext, contextForRejection, settleInContext } from "../async-context.js";
import { DeadlineTimer, deadlineAfter } from "../deadline-timer.js";
import { defaults } from "../defaults.js";
import { deferred, resolverOfLatest } from "../deferred.js";
import { BusyResourceError } from "../errors.js";
import { SendBlock } from "./send-block.js";
import { isSharedTurn, sendAtTurnsEnd } from "./turns-end.js";

/** Where a queue's bytes go: a channel. */
export interface SendTarget {
  /** Takes bytes, from `start` to before `end`; `null` when there is no room: then {@link SendQueue.wake} follows. */
  trySend(data: Uint8Array, start: number, end: number, more: boolean): number | null;
  /** Whether the system has all that was taken. Throws when it never will. */
  flushed(): boolean;
  /** Has {@link SendQueue.wake} called when there is room. */
  watch(direction: "write"): void;
}

/** Puts the failures of sends into words: the socket, which knows its name. */
export interface SendExplainer {
  /** Seconds that a send may wait; `null` for ever. */
  gettimeout(): number | null;
  explainFailure(error: unknown, action: string, syscall: string): unknown;
  explainTimeout(seconds: number, action: string, syscall: string): Error;
  explainBlocking(action: string, syscall: string): Error;
  explainClosed(action: string, syscall: string): Error;
  /** A send waits for room, so that the queue and its owner are still needed. */
  onSendWaits?(): void;
}

/** Bytes of this size and more are sent from the caller's memory: a copy would cost more than a call of the system. */
const LARGE_WRITE = 16_384;
/** Messages of `sendall()` up to this size are collected during a turn that many connections share. */
const MAX_COALESCED = 1024;
/** What a waiting send counts beyond its bytes: its promise takes memory too, for a single byte far more than the byte. */
const SEND_OVERHEAD = 256;
const NOTHING = new Uint8Array(0);

/** Ends the wait of a call; with a promise that is rejected where it has failed. */
type Settle = (outcome?: number | Promise<never>) => void;

/** A send that waits for room. */
interface Entry {
  readonly data: Uint8Array;
  sent: number;
  /** With so many bytes sent it is done. */
  readonly enough: number;
  readonly end: number;
  /** Bytes that were collected from several writes, to be given back afterwards. */
  readonly block: SendBlock | null;
  readonly deadline: number;
  readonly timeout: number | null;
  /** `null` where no call waits. */
  readonly resolve: Settle | null;
  /** Whether the call is answered with the number of bytes. */
  readonly counts: boolean;
  readonly context: AsyncContext | undefined;
  next: Entry | null;
}

/**
 * Sends bytes as soon as the system takes them: at once where nothing waits, otherwise in turn.
 *
 * Small writes are collected, and leave together: when the turn of the event loop ends, when the connection's reader is about to
 * wait, when the bound is reached, and on {@link flush}. When bytes that no call waits for cannot be sent, the next call fails
 * with that error, and nothing is sent after the gap.
 */
export class SendQueue {
  /** Changes when the socket becomes a connection. */
  target: SendTarget;
  readonly #explainer: SendExplainer;
  #first: Entry | null = null;
  #last: Entry | null = null;
  /** Bytes of the entries, with {@link SEND_OVERHEAD} for each. */
  #waitingBytes = 0;
  #collected: SendBlock | null = null;
  /** Resolves the `sendall()` whose bytes are the last collected ones. */
  #resolveCollected: Settle | null = null;
  #collectedContext: AsyncContext | undefined;
  #isScheduled = false;
  #failure: unknown = null;
  #timer: DeadlineTimer | null = null;
  #isSending = false;
  #isClosed = false;

  constructor(target: SendTarget, explainer: SendExplainer) {
    this.target = target;
    this.#explainer = explainer;
  }

  /** Whether a send would have to wait for its turn. */
  get isBusy(): boolean {
    return this.#first !== null;
  }

  // ── sendall() and send() ──────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends all of the data.
   *
   * @returns `null` when the system has taken it; otherwise what resolves when it has.
   * @throws what the system says at once; BusyResourceError when too much waits already.
   */
  sendall(data: Uint8Array): Promise<void> | null {
    this.#checkFailure();
    const { length } = data;
    if (this.#first === null && this.#mayCollect(length)) return this.#collectSend(data);
    const outcome = this.#send(data, length, false);
    return typeof outcome === "number" ? null : (outcome as Promise<unknown> as Promise<void>);
  }

  /**
   * Sends what the system takes, at least a byte.
   *
   * @returns how many bytes, at once where nothing has to be waited for.
   * @throws as {@link sendall}.
   */
  send(data: Uint8Array): number | Promise<number> {
    this.#checkFailure();
    return this.#send(data, Math.min(1, data.length), true);
  }

  #send(data: Uint8Array, enough: number, counts: boolean): number | Promise<number> {
    const { length } = data;
    this.start();
    // What is lost with the collected bytes would leave a gap before these.
    this.#checkFailure();
    let sent = 0;
    if (this.#first === null) {
      sent = this.#trySend(data, 0, length, false);
      if (sent >= enough && this.#isFlushed()) return sent;
    }
    const timeout = this.#explainer.gettimeout();
    if (timeout === 0) {
      if (sent >= enough) return sent;
      throw this.#explainer.explainBlocking("send to", "send");
    }
    this.#checkRoom();
    this.#waitWithCollected();
    return this.#wait(data, sent, length, enough, timeout, counts);
  }

  #mayCollect(length: number): boolean {
    if (!isSharedTurn() || length === 0 || length > MAX_COALESCED) return false;
    return this.#resolveCollected === null && this.#explainer.gettimeout() !== 0;
  }

  #collectSend(data: Uint8Array): Promise<void> {
    const block = this.#blockFor(data.length, defaults.writeBufferSize);
    block.add(data);
    const promise = deferred<void>();
    this.#resolveCollected = resolverOfLatest();
    this.#collectedContext = contextForRejection();
    this.#schedule();
    return promise;
  }

  /** Sends what the system takes now, however often it has to be asked. @returns up to where that was */
  #trySend(data: Uint8Array, from: number, end: number, more: boolean): number {
    let sent = from;
    try {
      do {
        const taken = this.target.trySend(data, sent, end, more);
        if (taken === null) return sent;
        sent += taken;
      } while (sent < end);
      return sent;
    } catch (error) {
      throw this.#explainer.explainFailure(error, "send to", "send");
    }
  }

  #isFlushed(): boolean {
    try {
      return this.target.flushed();
    } catch (error) {
      throw this.#explainer.explainFailure(error, "send to", "send");
    }
  }

  // ── write() and flush() ───────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a copy of the data, to send it with other writes; large data is sent as it is.
   *
   * @param data must not change until a promise that is returned has resolved.
   * @param bound how many bytes may be collected; with 0 each write leaves at once.
   * @param continues whether it is a further piece of one call: it is not refused then, whatever waits.
   * @returns the number of bytes: at once when they are safely queued, otherwise when the system has taken them.
   * @throws what an earlier write has failed with; BusyResourceError when too much waits already.
   */
  write(data: string | Uint8Array, bound: number, continues = false): number | Promise<number> {
    this.#checkFailure();
    const collected = this.#collected;
    if (typeof data === "string") {
      // A character takes three bytes at most: where there is room for that, the text is encoded in place.
      const room = 3 * data.length;
      if (room > 0 && room <= bound - (collected?.used ?? 0) && room < LARGE_WRITE) {
        const written = this.#blockFor(room, bound).addText(data);
        this.#schedule();
        return written;
      }
      return this.#writeBytes(Buffer.from(data), bound, continues);
    }
    return this.#writeBytes(data, bound, continues);
  }

  #writeBytes(data: Uint8Array, bound: number, continues: boolean): number | Promise<number> {
    const { length } = data;
    if (length > 0 && length < LARGE_WRITE && length <= bound) {
      if (length > bound - (this.#collected?.used ?? 0)) this.start();
      if (length <= bound - (this.#collected?.used ?? 0)) {
        this.#blockFor(length, bound).add(data);
        if (this.#collected?.used === bound) this.start();
        else this.#schedule();
        return length;
      }
    }
    // Also where there is nothing to send: the system then says whether the connection is still there.
    this.#startCollected(length > 0);
    this.#checkFailure();
    let sent = 0;
    if (this.#first === null) {
      sent = this.#trySend(data, 0, length, false);
      if (sent === length && this.#isFlushed()) return length;
    }
    if (!continues) this.#checkRoom();
    this.#waitWithCollected();
    return this.#wait(data, sent, length, length, this.#explainer.gettimeout(), true);
  }

  /**
   * Sends what was collected.
   *
   * @returns `null` when the system has everything that was written or sent before; otherwise what resolves when it has.
   * @throws what an earlier write has failed with.
   */
  flush(): Promise<void> | null {
    this.#checkFailure();
    this.start();
    this.#checkFailure();
    if (this.#first === null) return null;
    this.#waitWithCollected();
    const flushed = this.#wait(NOTHING, 0, 0, 0, this.#explainer.gettimeout(), false);
    return flushed as Promise<unknown> as Promise<void>;
  }

  /** Begins to send what was collected, without waiting: a reader is about to wait for the answer. */
  start(): void {
    if (this.#collected !== null) this.#startCollected(false);
  }

  #startCollected(more: boolean): void {
    const block = this.#collected;
    if (block === null || this.#first !== null) return;
    this.#collected = null;
    const resolve = this.#resolveCollected;
    this.#resolveCollected = null;
    const context = this.#collectedContext;
    this.#collectedContext = undefined;
    let sent = 0;
    try {
      sent = this.#trySend(block.memory, 0, block.used, more);
      if (sent === block.used && this.#isFlushed()) {
        block.release();
        resolve?.();
        return;
      }
    } catch (error) {
      block.release();
      this.#fail(error, resolve, context);
      return;
    }
    this.#waitForBlock(block, sent, resolve, context);
  }

  /** What was collected behind the line joins it: something else is to come after it. */
  #waitWithCollected(): void {
    const block = this.#collected;
    if (block === null || this.#first === null) return;
    this.#collected = null;
    const resolve = this.#resolveCollected;
    this.#resolveCollected = null;
    this.#waitForBlock(block, 0, resolve, this.#collectedContext);
    this.#collectedContext = undefined;
  }

  #waitForBlock(block: SendBlock, sent: number, resolve: Settle | null, context: AsyncContext | undefined): void {
    const timeout = this.#explainer.gettimeout();
    // Without waiting these could never leave: they have been taken already.
    const patience = timeout === 0 ? null : timeout;
    const { memory: data, used: end } = block;
    this.#add({ data, sent, end, enough: end, timeout: patience, block, resolve, counts: false, context });
  }

  #blockFor(length: number, bound: number): SendBlock {
    this.#collected ??= SendBlock.take();
    this.#collected.makeRoom(length, Math.max(bound, length));
    return this.#collected;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    sendAtTurnsEnd(this);
  }

  /** @internal The turn has ended. */
  onTurnsEnd(): void {
    this.#isScheduled = false;
    this.start();
  }

  // ── waiting for room ──────────────────────────────────────────────────────────────────────────────────────────────

  #checkRoom(): void {
    const queued = this.#waitingBytes - costOf(this.#first);
    if (queued > defaults.maxQueueSize) throw queueFull(queued);
  }

  /** @param counts whether the promise is resolved with how many bytes were sent; with nothing otherwise. */
  #wait(
    data: Uint8Array,
    sent: number,
    end: number,
    enough: number,
    timeout: number | null,
    counts: boolean,
  ): Promise<number> {
    const promise = deferred<number>();
    const resolve = resolverOfLatest<number>() as Settle;
    this.#add({ data, sent, end, enough, timeout, block: null, resolve, counts, context: contextForRejection() });
    return promise;
  }

  #add(send: Omit<Entry, "deadline" | "next">): void {
    const entry: Entry = { ...send, deadline: deadlineAfter(send.timeout), next: null };
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#waitingBytes += costOf(entry);
    if (entry.timeout !== null) this.#setTimer();
    this.target.watch("write");
    this.#explainer.onSendWaits?.();
  }

  /** There may be room: sends in order until there is none. */
  wake(): void {
    // A send may itself lead back here; the outer one goes on with what is left.
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#first !== null) if (!this.#sendFirst(this.#first)) return;
    } finally {
      this.#isSending = false;
    }
    this.start();
  }

  /** @returns whether the next one may try. */
  #sendFirst(entry: Entry): boolean {
    try {
      if (entry.sent < entry.end) entry.sent = this.#trySend(entry.data, entry.sent, entry.end, false);
      if (entry.sent < entry.enough || !this.#isFlushed()) {
        this.target.watch("write");
        return false;
      }
    } catch (error) {
      this.#remove(entry);
      this.#fail(error, entry.resolve, entry.context);
      return true;
    }
    this.#remove(entry);
    entry.resolve?.(entry.counts ? entry.sent : undefined);
    return true;
  }

  /** Rejects the call whose send has failed. Where none waits, all that is left fails with it: it would come after a gap. */
  #fail(error: unknown, resolve: Settle | null, context: AsyncContext | undefined): void {
    if (resolve === null) this.#abandon(error);
    else settleInContext(context, resolve, () => Promise.reject(error));
  }

  #checkFailure(): void {
    // Words that nearly no closed connection needs.
    if (this.#isClosed) this.#failure ??= this.#explainer.explainClosed("send to", "send");
    if (this.#failure !== null) throw this.#failure;
  }

  #setTimer(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (let entry = this.#first; entry !== null; entry = entry.next) earliest = Math.min(earliest, entry.deadline);
    this.#timer ??= new DeadlineTimer(this.#onExpired);
    this.#timer.set(earliest);
  }

  readonly #onExpired = (): void => {
    const now = performance.now();
    for (let entry = this.#first; entry !== null; entry = entry.next) {
      if (entry.deadline > now) continue;
      this.#remove(entry);
      this.#fail(this.#explainer.explainTimeout(entry.timeout ?? 0, "send to", "send"), entry.resolve, entry.context);
    }
    this.#setTimer();
    // The next in line may be able to go on where this one was stuck.
    this.wake();
  };

  #remove(entry: Entry): void {
    if (entry === this.#first) {
      this.#first = entry.next;
      if (entry.next === null) this.#last = null;
    } else {
      let before = this.#first;
      while (before !== null && before.next !== entry) before = before.next;
      // Already gone: its own failure has closed the socket.
      if (before === null) return;
      before.next = entry.next;
      if (entry.next === null) this.#last = before;
    }
    this.#waitingBytes -= costOf(entry);
    entry.block?.release();
    if (this.#first === null) this.#timer?.set(Number.POSITIVE_INFINITY);
  }

  /** The connection is closed: all that waits fails, and all later calls; what was collected is dropped. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.close();
    if (this.#first === null && this.#collected === null) return;
    this.#abandon(this.#explainer.explainClosed("send to", "send"));
  }

  /** Fails all that waits, and all later calls. */
  #abandon(error: unknown): void {
    this.#failure = error;
    const resolve = this.#resolveCollected;
    this.#resolveCollected = null;
    this.#collected?.release();
    this.#collected = null;
    for (let entry = this.#first; entry !== null; entry = this.#first) {
      this.#remove(entry);
      if (entry.resolve !== null) this.#fail(error, entry.resolve, entry.context);
    }
    if (resolve !== null) this.#fail(error, resolve, this.#collectedContext);
  }
}

/** What an entry counts of the bytes that may wait. The first one does not count: it is being sent, whatever its size. */
function costOf(entry: Entry | null): number {
  return entry === null ? 0 : entry.end + SEND_OVERHEAD;
}

function queueFull(queued: number): BusyResourceError {
  const message = `Cannot send: earlier sends of ${queued} bytes, with what each takes besides, still wait (ENOBUFS). Await every send.`;
  return new BusyResourceError(message, { code: "ENOBUFS", syscall: "send" });
}
