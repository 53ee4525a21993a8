/**
 * {@link Departures}: short messages of many connections that leave in one call.
 *
 * @module
 */

import type { NativeAddon } from "./native-addon.js";

/** What `sendmany` is told of a message. */
const ENTRY = 3;
/** Messages that one call sends. */
const COUNT = 64;
/** What is longer leaves by itself: the call is the smallest part of its price. */
const SHORT = 1024;

/** For messages to fewer connections it is not worth the wait. */
const CROWD = 4;
/** How long, in milliseconds, the first message may have to wait for the others: the handlers of all of them run meanwhile. */
const PATIENCE = 1;
/** Where that was not enough twice in a row, which a collection of garbage rarely is, messages leave at once in so many turns. */
const TURNS_AT_ONCE = 100;

/** Whose message it is. */
export interface Departing {
  /**
   * The message has left, or not.
   *
   * @param result what `send` has answered. @param rest a copy of what has not left, if anything.
   */
  onDeparted(result: number, rest: Buffer | null): void;
}

/** What is to be sent when this turn's JavaScript is done: by then, everybody who was told of something has answered it. */
export class Departures {
  readonly #calls: NativeAddon;
  readonly #memory = Buffer.allocUnsafeSlow(COUNT * SHORT);
  readonly #entries = new Int32Array(ENTRY * COUNT);
  readonly #departing: (Departing | null)[] = new Array(COUNT).fill(null);
  #count = 0;
  #used = 0;
  /** When the turn began, in milliseconds of `performance.now()`. */
  #since = 0;
  /** The end of this turn is waited for. */
  #isExpected = false;
  #slowTurns = 0;
  #turnsAtOnce = 0;
  #isOpen = false;
  #watchesExit = false;

  constructor(calls: NativeAddon) {
    this.#calls = calls;
  }

  /** A turn begins in which the bytes of so many connections are handed out: about as many answers may be expected. */
  beginTurn(connections: number): void {
    this.#isOpen = connections >= CROWD && this.#turnsAtOnce === 0;
    if (this.#isOpen) this.#since = performance.now();
    if (this.#turnsAtOnce > 0) this.#turnsAtOnce -= 1;
  }

  /** Whether a message of so many bytes may go with others now. */
  wouldTake(length: number): boolean {
    return this.#isOpen && length > 0 && length <= SHORT && (this.#count > 0 || !this.#isLate());
  }

  /** Whether the first message comes so late that it does not belong to the turn any more. */
  #isLate(): boolean {
    this.#isOpen = performance.now() - this.#since <= PATIENCE;
    return !this.#isOpen;
  }

  /**
   * Takes a copy of a message that it {@link wouldTake}. Whoever gives it sees to it that the next of the same connection does not
   * leave before it.
   */
  add(departing: Departing, descriptor: number, data: Uint8Array, length: number): void {
    // Not once this one is there: who gives it is not told before it knows that it was taken.
    if (this.#count === COUNT) this.send();
    const index = this.#count;
    this.#memory.set(data, this.#used);
    this.#used += length;
    this.#entries[ENTRY * index] = descriptor;
    this.#entries[ENTRY * index + 1] = length;
    this.#departing[index] = departing;
    this.#count += 1;
    if (!this.#isExpected) this.#expectTurnsEnd();
  }

  #expectTurnsEnd(): void {
    this.#isExpected = true;
    process.nextTick(this.#onTurnDone);
    if (this.#watchesExit) return;
    this.#watchesExit = true;
    process.on("exit", this.#onExit);
  }

  readonly #onTurnDone = (): void => {
    this.#isExpected = false;
    this.#isOpen = false;
    // Handlers that compute shall not hold up the answers of others.
    this.#slowTurns = performance.now() - this.#since > PATIENCE ? this.#slowTurns + 1 : 0;
    if (this.#slowTurns > 1) {
      this.#slowTurns = 0;
      this.#turnsAtOnce = TURNS_AT_ONCE;
    }
    this.send();
  };

  #copy(begin: number, end: number): Buffer {
    return Buffer.from(this.#memory.subarray(begin, end));
  }

  readonly #onExit = (): void => {
    // What others send when they hear of the exit leaves at once: there is no further turn.
    this.#isOpen = false;
    this.send();
  };

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
      const departing = this.#departing[index];
      const length = this.#entries[ENTRY * index + 1] ?? 0;
      const result = this.#entries[ENTRY * index + 2] ?? 0;
      this.#departing[index] = null;
      departing?.onDeparted(result, result === length ? null : this.#copy(begin + Math.max(result, 0), begin + length));
      begin += length;
    }
  };
}
