/**
 * {@link NativeSystem}: the addon of this thread, and who is told that which descriptor is ready.
 *
 * @module
 */

import type { NativeAddon } from "./addon.js";
import { Arrivals, Departures } from "./batch.js";
import { EPOLLIN } from "./constants.js";
import type { Watched } from "./poll-target.js";

/** Ready descriptors that one call from the addon can carry; what is more comes with the next. */
const BATCH = 512;

/** The system calls, and readiness. There is one in each thread. */
export class NativeSystem {
  readonly calls: NativeAddon;
  /** Descriptors that have come in messages, and that nobody has made a socket of yet. */
  readonly arrived = new Set<number>();
  /** By slot. A slot, unlike a descriptor's number, is not given to another while events for it may be on their way. */
  readonly #watched: (Watched | null)[] = [];
  readonly #freeSlots: number[] = [];
  /** Slots that became free while a batch is worked on, which may still name them. */
  readonly #freedSlots: number[] = [];
  readonly #ready = new Int32Array(2 * BATCH);
  readonly #arrivals: Arrivals;
  /** For messages that may leave together. */
  readonly departures: Departures;
  readonly #poll = new Int32Array(3);
  #inBatch = false;
  #size = 0;

  constructor(addon: NativeAddon) {
    this.calls = addon;
    this.#arrivals = new Arrivals(addon, BATCH);
    this.departures = new Departures(addon);
    addon.start(this.#onBatch, this.#ready);
  }

  readonly #onBatch = (count: number): void => {
    const ready = this.#ready;
    const arrivals = this.#arrivals;
    arrivals.clear();
    // First all bytes that somebody waits for are received, in one call; then everybody is told.
    for (let index = 0; index < 2 * count; index += 2) {
      const watched = this.#watched[ready[index] ?? -1];
      const wanted = watched?.wantedBytes(ready[index + 1] ?? 0) ?? 0;
      if (wanted > 0) arrivals.want(index, watched?.descriptor ?? -1, wanted);
    }
    arrivals.receive();
    this.departures.beginTurn(arrivals.count);
    this.#inBatch = true;
    try {
      for (let index = 0; index < 2 * count; index += 2) {
        const watched = this.#watched[ready[index] ?? -1];
        let events = ready[index + 1] ?? 0;
        if (arrivals.isNext(index)) {
          arrivals.takeNext(watched);
          events &= ~EPOLLIN;
        }
        if (events !== 0) watched?.onReady(events);
      }
    } finally {
      this.#inBatch = false;
      while (this.#freedSlots.length > 0) this.#freeSlots.push(this.#freedSlots.pop() ?? 0);
    }
  };

  /** A slot for somebody who is to be told; as long as there is any, the process stays alive. */
  takeSlot(watched: Watched): number {
    const slot = this.#freeSlots.pop() ?? this.#watched.length;
    this.#watched[slot] = watched;
    this.#size += 1;
    if (this.#size === 1) this.calls.ref();
    return slot;
  }

  /** Gives the slot back. */
  giveSlot(slot: number): void {
    this.#watched[slot] = null;
    if (this.#inBatch) this.#freedSlots.push(slot);
    else this.#freeSlots.push(slot);
    this.#size -= 1;
    if (this.#size === 0) this.calls.unref();
  }

  /** Asks the system, without waiting, which of these events (`POLLIN` and the like) a descriptor is ready for. */
  poll(descriptor: number, events: number): number {
    this.#poll[0] = descriptor;
    this.#poll[1] = events;
    return this.calls.poll(this.#poll, 1, 0) > 0 ? (this.#poll[2] ?? 0) : 0;
  }
}
