/**
 * {@link Poller}: the addon of this thread, and who is told that which descriptor is ready.
 *
 * @module
 */

import { shareTurn } from "../../stream/turns-end.js";
import { beginTurn } from "../../turn.js";
import type { NativeAddon } from "./addon.js";
import { BatchReceiver } from "./batch.js";
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
  readonly #poll = new Int32Array(3);
  #inBatch = false;
  /** How many targets wait. */
  #waiting = 0;
  #keepsAlive = false;

  constructor(addon: NativeAddon) {
    this.calls = addon;
    this.#receiver = new BatchReceiver(addon, BATCH);
    addon.start(this.#onBatch, this.#ready);
  }

  readonly #onBatch = (count: number): void => {
    const ready = this.#ready;
    const receiver = this.#receiver;
    receiver.clear();
    // First all bytes that receivers wait for are received, in one call; then everything is handed out.
    for (let index = 0; index < 2 * count; index += 2) {
      const target = this.#targets[ready[index] ?? -1];
      const wanted = target?.wantedBytes(ready[index + 1] ?? 0) ?? 0;
      if (wanted > 0) receiver.want(index, target?.descriptor ?? -1, wanted);
    }
    receiver.receive();
    beginTurn();
    if (count > 1) shareTurn();
    this.#inBatch = true;
    for (let index = 0; index < 2 * count; index += 2) {
      try {
        this.#handOut(index, this.#targets[ready[index] ?? -1], ready[index + 1] ?? 0);
      } catch (error) {
        // Events are told once: those of the others must not be lost with it.
        throwLater(error);
      }
    }
    this.#inBatch = false;
    this.#unrefUnlessHeld();
    while (this.#freedTokens.length > 0) this.#freeTokens.push(this.#freedTokens.pop() ?? 0);
  };

  #handOut(index: number, target: PollTarget | null | undefined, events: number): void {
    const receiver = this.#receiver;
    if (receiver.isNext(index)) {
      receiver.takeNext(target);
      if ((events & ~EPOLLIN) !== 0) target?.onReady(events & ~EPOLLIN);
    } else {
      target?.onReady(events);
    }
  }

  /** A token by which a target's events are known. */
  register(target: PollTarget): number {
    const token = this.#freeTokens.pop() ?? this.#targets.length;
    this.#targets[token] = target;
    return token;
  }

  /** Gives the token back. */
  deregister(token: number): void {
    this.#targets[token] = null;
    if (this.#inBatch) this.#freedTokens.push(token);
    else this.#freeTokens.push(token);
  }

  /** A target waits: the process stays alive as long as one does. */
  hold(): void {
    this.#waiting += 1;
    if (this.#keepsAlive) return;
    this.#keepsAlive = true;
    this.calls.ref();
  }

  /** A target that has called {@link hold} waits no more. */
  letGo(): void {
    this.#waiting -= 1;
    // Most wait again before the batch is handed out.
    if (!this.#inBatch) this.#unrefUnlessHeld();
  }

  #unrefUnlessHeld(): void {
    if (this.#waiting > 0 || !this.#keepsAlive) return;
    this.#keepsAlive = false;
    this.calls.unref();
  }

  /** Asks the system, without waiting, which of these events (`POLLIN` and the like) a descriptor is ready for. */
  poll(descriptor: number, events: number): number {
    this.#poll[0] = descriptor;
    this.#poll[1] = events;
    return this.calls.poll(this.#poll, 1, 0) > 0 ? (this.#poll[2] ?? 0) : 0;
  }
}

/** Makes an error an uncaught exception, after what is being done. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
