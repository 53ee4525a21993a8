/**
 * {@link BatchReceiver} and {@link SendCoalescer}: what is received for many connections in one call, and sent for many in one.
 *
 * @module
 */

import { LARGE_READ, SLAB_SIZE, smallSlab } from "../slab.js";
import type { NativeAddon } from "./addon.js";
import type { PollTarget } from "./poll-target.js";

/** Numbers that `recvmany` is told of a connection, and `sendmany` of a message. */
const FIELDS_PER_ENTRY = 3;

/** What comes for those who wait, in one turn of the event loop. */
export class BatchReceiver {
  readonly #calls: NativeAddon;
  readonly #entries: Int32Array;
  /** Of each entry, by what the caller knows it. */
  readonly #keys: Int32Array;
  readonly #received: (Buffer | number)[] = [];
  #count = 0;
  #taken = 0;

  /** @param most how many connections there can be at once. */
  constructor(calls: NativeAddon, most: number) {
    this.#calls = calls;
    this.#entries = new Int32Array(FIELDS_PER_ENTRY * most);
    this.#keys = new Int32Array(most);
  }

  /** How many are to be handed out. */
  get count(): number {
    return this.#count;
  }

  /** A new turn: nothing is wanted, also where the one before was broken off. */
  clear(): void {
    this.#count = 0;
    this.#taken = 0;
  }

  /** Something is to be received. @param key of who waits. */
  want(key: number, descriptor: number, bytes: number): void {
    this.#keys[this.#count] = key;
    this.#entries[FIELDS_PER_ENTRY * this.#count] = descriptor;
    // There is no room for more, and not every number fits here.
    this.#entries[FIELDS_PER_ENTRY * this.#count + 1] = Math.min(bytes, SLAB_SIZE);
    this.#count += 1;
  }

  /** Receives all that is wanted. */
  receive(): void {
    for (let first = 0; first < this.#count; ) {
      smallSlab.makeRoom(LARGE_READ, false);
      const { memory, used } = smallSlab;
      const end = first + this.#calls.recvmany(this.#entries, first, this.#count - first, memory, used, LARGE_READ);
      // Cut at once: whoever receives next may do so while these are handed out.
      for (; first < end; first += 1) {
        const length = this.#entries[FIELDS_PER_ENTRY * first + 2] ?? 0;
        this.#received[first] = length > 0 ? smallSlab.cut(length) : length;
      }
    }
  }

  /** Whether the next to be handed out is that one's. */
  isNext(key: number): boolean {
    return this.#taken < this.#count && this.#keys[this.#taken] === key;
  }

  /** Hands it out. */
  takeNext(to: PollTarget | null | undefined): void {
    const index = this.#taken;
    const received = this.#received[index] ?? 0;
    this.#received[index] = 0;
    this.#taken += 1;
    to?.onReceived(received, this.#entries[FIELDS_PER_ENTRY * index + 1] ?? 0);
  }
}

/** Messages that one call sends. */
const MAX_MESSAGES = 64;
/** What is longer leaves by itself: the call is the smallest part of its price. */
const MAX_COALESCED_SIZE = 1024;

/** For messages to fewer connections it is not worth the wait. */
const MIN_CONNECTIONS = 4;
/** How long, in milliseconds, the first message may have to wait for the others: the handlers of all of them run meanwhile. */
const COALESCE_WINDOW_MS = 1;
/** A turn in which that was not enough counts as much as so many others, so that a rare one (a collection of garbage) is forgiven. */
const SLOW_BATCH_WEIGHT = 4;
/** Where there are more of them, messages leave at once in so many turns. */
const BATCHES_OFF = 100;
/** At every so many messages it is looked whether it is late. */
const CLOCK_INTERVAL = 4;

/** Whose message it is. */
export interface CoalescedSend {
  /**
   * The message has left, or not.
   *
   * @param result what `send` has answered. @param rest a copy of what has not left, if anything.
   */
  onCoalescedSent(result: number, rest: Buffer | null): void;
}

/** What is to be sent when this turn's JavaScript is done: by then, everybody who was told of something has answered it. */
export class SendCoalescer {
  readonly #calls: NativeAddon;
  readonly #memory = Buffer.allocUnsafeSlow(MAX_MESSAGES * MAX_COALESCED_SIZE);
  readonly #entries = new Int32Array(FIELDS_PER_ENTRY * MAX_MESSAGES);
  readonly #sends: (CoalescedSend | null)[] = new Array(MAX_MESSAGES).fill(null);
  #count = 0;
  #used = 0;
  /** When the turn began, in milliseconds of `performance.now()`. */
  #since = 0;
  /** The end of this turn is waited for. */
  #isExpected = false;
  #slowness = 0;
  #batchesOff = 0;
  #isOpen = false;

  constructor(calls: NativeAddon) {
    this.#calls = calls;
    // The first to hear of the exit: what others send when they hear of it leaves at once, as there is no further turn.
    process.prependListener("exit", () => {
      this.#close();
    });
  }

  /** A turn begins in which the bytes of so many connections are handed out: about as many answers may be expected. */
  beginTurn(connections: number): void {
    this.#isOpen = connections >= MIN_CONNECTIONS && this.#batchesOff === 0;
    if (this.#isOpen) this.#since = performance.now();
    if (this.#batchesOff > 0) this.#batchesOff -= 1;
  }

  /** Whether a message of so many bytes may go with others now. */
  wouldTake(length: number): boolean {
    if (!this.#isOpen || length === 0 || length > MAX_COALESCED_SIZE) return false;
    // The clock costs as much as all the rest of this: it is not looked at for each message.
    if (this.#count % CLOCK_INTERVAL === 0 && this.#isLate()) this.#close();
    return this.#isOpen;
  }

  /** Whether the messages that are there have waited long enough, or the turn has ended without any. */
  #isLate(): boolean {
    return performance.now() - this.#since > COALESCE_WINDOW_MS;
  }

  #close(): void {
    this.#isOpen = false;
    this.send();
  }

  /**
   * Takes a copy of a message that it {@link wouldTake}. Whoever gives it sees to it that the next of the same connection does not
   * leave before it.
   */
  add(sends: CoalescedSend, descriptor: number, data: Uint8Array, length: number): void {
    // Not once this one is there: who gives it is not told before it knows that it was taken.
    if (this.#count === MAX_MESSAGES) this.send();
    const index = this.#count;
    this.#memory.set(data, this.#used);
    this.#used += length;
    this.#entries[FIELDS_PER_ENTRY * index] = descriptor;
    this.#entries[FIELDS_PER_ENTRY * index + 1] = length;
    this.#sends[index] = sends;
    this.#count += 1;
    if (!this.#isExpected) this.#expectTurnsEnd();
  }

  #expectTurnsEnd(): void {
    this.#isExpected = true;
    process.nextTick(this.#onTurnDone);
  }

  readonly #onTurnDone = (): void => {
    this.#isExpected = false;
    // Handlers that compute shall not hold up the answers of others.
    this.#slowness = this.#isLate() ? this.#slowness + SLOW_BATCH_WEIGHT : Math.max(0, this.#slowness - 1);
    if (this.#slowness > SLOW_BATCH_WEIGHT) {
      this.#slowness = 0;
      this.#batchesOff = BATCHES_OFF;
    }
    this.#close();
  };

  #copy(begin: number, end: number): Buffer {
    return Buffer.from(this.#memory.subarray(begin, end));
  }

  /** Sends them all now. */
  readonly send = (): void => {
    const count = this.#count;
    if (count === 0) return;
    this.#calls.sendmany(this.#entries, count, this.#memory);
    this.#count = 0;
    this.#used = 0;
    // Who is told may go on sending at once, but not by this: nothing is added meanwhile.
    let begin = 0;
    for (let index = 0; index < count; index += 1) {
      const sends = this.#sends[index];
      const length = this.#entries[FIELDS_PER_ENTRY * index + 1] ?? 0;
      const result = this.#entries[FIELDS_PER_ENTRY * index + 2] ?? 0;
      this.#sends[index] = null;
      sends?.onCoalescedSent(
        result,
        result === length ? null : this.#copy(begin + Math.max(result, 0), begin + length),
      );
      begin += length;
    }
  };
}
