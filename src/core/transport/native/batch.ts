/**
 * {@link BatchReceiver}: what is received for many connections in one call.
 *
 * @module
 */

import { LARGE_READ, SLAB_SIZE, smallSlab } from "../slab.js";
import type { NativeAddon } from "./addon.js";
import type { PollTarget } from "./poll-target.js";

/** Numbers that `recvmany` is told of a connection. */
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
