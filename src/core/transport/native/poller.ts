/**
 * {@link Poller}: the addon of this thread, and who is told that which descriptor is ready.
 *
 * @module
 */

import type { NativeAddon } from "./addon.js";
import { BatchReceiver, SendCoalescer } from "./batch.js";
import { EPOLLIN } from "./constants.js";
import type { PollTarget } from "./poll-target.js";

/** Ready descriptors that one call from the addon can carry; what is more comes with the next. */
const BATCH = 512;

/** The system calls, and readiness. There is one in each thread. */
export class Poller {
  readonly calls: NativeAddon;
  /** Descriptors that have come in messages, and that nobody has made a socket of yet. */
  readonly arrived = new Set<number>();
  /** By token. A token, unlike a descriptor's number, is not given to another while events for it may be on their way. */
  readonly #targets: (PollTarget | null)[] = [];
  readonly #freeTokens: number[] = [];
  /** Tokens that became free during a batch, which may still name them. */
  readonly #freedTokens: number[] = [];
  readonly #ready = new Int32Array(2 * BATCH);
  readonly #receiver: BatchReceiver;
  /** For messages that may leave together. */
  readonly coalescer: SendCoalescer;
  readonly #poll = new Int32Array(3);
  #inBatch = false;
  #size = 0;

  constructor(addon: NativeAddon) {
    this.calls = addon;
    this.#receiver = new BatchReceiver(addon, BATCH);
    this.coalescer = new SendCoalescer(addon);
    addon.start(this.#onBatch, this.#ready);
  }

  readonly #onBatch = (count: number): void => {
    const ready = this.#ready;
    const receiver = this.#receiver;
    receiver.clear();
    // First all bytes that somebody waits for are received, in one call; then everybody is told.
    for (let index = 0; index < 2 * count; index += 2) {
      const targets = this.#targets[ready[index] ?? -1];
      const wanted = targets?.wantedBytes(ready[index + 1] ?? 0) ?? 0;
      if (wanted > 0) receiver.want(index, targets?.descriptor ?? -1, wanted);
    }
    receiver.receive();
    this.coalescer.beginTurn(receiver.count);
    this.#inBatch = true;
    try {
      for (let index = 0; index < 2 * count; index += 2) {
        const targets = this.#targets[ready[index] ?? -1];
        let events = ready[index + 1] ?? 0;
        if (receiver.isNext(index)) {
          receiver.takeNext(targets);
          events &= ~EPOLLIN;
        }
        if (events !== 0) targets?.onReady(events);
      }
    } finally {
      this.#inBatch = false;
      while (this.#freedTokens.length > 0) this.#freeTokens.push(this.#freedTokens.pop() ?? 0);
    }
  };

  /** A token for somebody who is to be told; as long as there is any, the process stays alive. */
  register(targets: PollTarget): number {
    const token = this.#freeTokens.pop() ?? this.#targets.length;
    this.#targets[token] = targets;
    this.#size += 1;
    if (this.#size === 1) this.calls.ref();
    return token;
  }

  /** Gives the token back. */
  deregister(token: number): void {
    this.#targets[token] = null;
    if (this.#inBatch) this.#freedTokens.push(token);
    else this.#freeTokens.push(token);
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
