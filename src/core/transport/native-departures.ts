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
  /** The message has left, or not: what `send` has answered. */
  onDeparted(result: number): void;
}

/** What is to be sent when this turn's JavaScript is done: by then, everybody who was told of something has answered it. */
export class Departures {
  readonly #calls: NativeAddon;
  readonly #memory = Buffer.allocUnsafeSlow(COUNT * SHORT);
  readonly #entries = new Int32Array(ENTRY * COUNT);
  readonly #departing: (Departing | null)[] = new Array(COUNT).fill(null);
  #count = 0;
  #used = 0;
  /** When the first of them was taken, in milliseconds of `performance.now()`. */
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
    if (this.#turnsAtOnce > 0) this.#turnsAtOnce -= 1;
  }

  /** Whether a message may go with others now. */
  wouldTake(data: Uint8Array): boolean {
    return this.#isOpen && data.length > 0 && data.length <= SHORT;
  }

  /** Takes a copy of a message that it {@link wouldTake}. The next of the same connection must not leave before it. */
  add(departing: Departing, descriptor: number, data: Uint8Array): void {
    // Not once this one is there: who gives it is not told before it knows that it was taken.
    if (this.#count === COUNT) this.send();
    const index = this.#count;
    if (index === 0) this.#since = performance.now();
    if (!this.#isExpected) this.#expectTurnsEnd();
    this.#memory.set(data, this.#used);
    this.#used += data.length;
    this.#entries[ENTRY * index] = descriptor;
    this.#entries[ENTRY * index + 1] = data.length;
    this.#departing[index] = departing;
    this.#count += 1;
  }

  #expectTurnsEnd(): void {
    this.#isExpected = true;
    process.nextTick(this.#onTurnDone);
    if (this.#watchesExit) return;
    this.#watchesExit = true;
    process.on("exit", this.send);
  }

  readonly #onTurnDone = (): void => {
    this.#isExpected = false;
    // Handlers that compute shall not hold up the answers of others.
    this.#slowTurns = performance.now() - this.#since > PATIENCE ? this.#slowTurns + 1 : 0;
    if (this.#slowTurns > 1) {
      this.#slowTurns = 0;
      this.#turnsAtOnce = TURNS_AT_ONCE;
    }
    this.send();
  };

  /** Sends them all now. */
  readonly send = (): void => {
    const count = this.#count;
    if (count === 0) return;
    this.#calls.sendmany(this.#entries, count, this.#memory);
    this.#count = 0;
    this.#used = 0;
    // Nobody who is told sends by this at once: what a promise starts comes later.
    for (let index = 0; index < count; index += 1) {
      const departing = this.#departing[index];
      this.#departing[index] = null;
      departing?.onDeparted(this.#entries[ENTRY * index + 2] ?? 0);
    }
  };
}
