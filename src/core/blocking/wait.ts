/**
 * Blocking a thread until a descriptor is ready, and what can end that from outside.
 *
 * A thread that blocks takes no messages, and `worker.terminate()` waits until it runs JavaScript again. So whoever runs blocking
 * handlers in a thread or process gives it one end of a pair of sockets, its {@link Interrupt}, which every wait watches beside
 * the descriptor it is for. Any other worker thread waits for a moment at a time, so that it can be terminated in between.
 *
 * @module
 */

import { isMainThread } from "node:worker_threads";
import { ClosedResourceError, unsupported } from "../errors.js";
import { loadNativeAddon, type NativeAddon } from "../transport/native/addon.js";
import { EAGAIN, POLLIN } from "../transport/native/constants.js";
import { systemErrorOf } from "../transport/system-error.js";

/** How a wait has ended. */
export const READY = 1;
export const EXPIRED = 0;
export const INTERRUPTED = -1;
export type WaitOutcome = typeof READY | typeof EXPIRED | typeof INTERRUPTED;

/** What is written to an interrupt, beside the numbers of requests to break off: there is a message at the port. */
export const WAKE_FOR_MESSAGE = 0;

/**
 * Calls in a row that need not wait, after which the interrupt is looked at even so: a peer that never stops sending shall not
 * keep a request alive.
 */
const CALLS_PER_LOOK = 64;
/** Bytes of interrupts that are received at a time. */
const LOOK_SIZE = 256;
/** Of a word on the socket of an interrupt: as a double, which a server does not run out of. */
const WORD_SIZE = 8;
/** What the system's call can be told to wait at most, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;
/** How long a thread waits at a time that nobody can wake, in milliseconds. */
const MOMENT = 100;

// The state of this thread. It stands in plain variables, and the functions that every call goes through are kept short: of
// many threads each has to warm up by itself.

let addon: NativeAddon | null = null;
/** Its call; whoever has a descriptor to wait for has loaded it. */
let poll: NativeAddon["poll"] = (...parameters) => nativeCalls().poll(...parameters);
let interrupt: Interrupt | null = null;
/** Whether this thread was told to end what it does. */
let raised = false;
let callsUntilLook = CALLS_PER_LOOK;
/** What is waited for (a descriptor, the events, what has come of them), and the same of the interrupt. */
const entries = new Int32Array(6);
/** How many entries there are. */
let watched = 1;
/** How long one wait may take, in milliseconds. The main thread ends with its process, which asks nobody. */
let longest = isMainThread ? LONGEST_WAIT : MOMENT;

/** The calls of the addon. @throws UnsupportedOperation where it is not there, saying why. */
export function nativeCalls(): NativeAddon {
  return addon ?? loadAddon();
}

function loadAddon(): NativeAddon {
  const loaded = loadNativeAddon();
  if (!("addon" in loaded)) throw unsupported("Blocking sockets need the native transport", loaded.reason, "socket");
  addon = loaded.addon;
  poll = addon.poll;
  return addon;
}

/** Makes the word that an interrupt's other end is to send. */
export function wakeToken(word: number): Uint8Array {
  return new Uint8Array(Float64Array.of(word).buffer);
}

/** This thread's end of what interrupts it. */
export class Interrupt {
  readonly #descriptor: number;
  readonly #onAbort: (request: number) => void;
  readonly #onClose: () => void;
  readonly #words = new Float64Array(LOOK_SIZE / WORD_SIZE);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #request = 0;
  #closed = false;

  /**
   * Has all waits of this thread watch it. Once in a thread.
   *
   * @param descriptor of a stream socket that this thread owns, which is never closed.
   * @param onAbort called, from within the call that is interrupted, with the number of the request that is to end.
   * @param onClose called likewise when the other end is gone, and with it whoever this is done for.
   */
  constructor(descriptor: number, onAbort: (request: number) => void, onClose: () => void = () => {}) {
    this.#descriptor = descriptor;
    this.#onAbort = onAbort;
    this.#onClose = onClose;
    interrupt = this;
    entries[3] = descriptor;
    entries[4] = POLLIN;
    watched = 2;
    longest = LONGEST_WAIT;
  }

  /** A request begins: from now on its number is the one that counts. 0 for none. */
  begin(request: number): void {
    this.#request = request;
    raised = this.#closed;
  }

  /** Receives what has come. */
  receive(): void {
    callsUntilLook = CALLS_PER_LOOK;
    const length = nativeCalls().recv(this.#descriptor, this.#bytes, 0, LOOK_SIZE, 0);
    if (length === EAGAIN) return;
    if (length <= 0) {
      this.#closed = true;
      this.#onClose();
    }
    // A word for a request that has ended meanwhile is nobody's.
    const words = this.#words.subarray(0, Math.max(0, length) / WORD_SIZE);
    const wasRaised = raised;
    raised ||= this.#closed || (this.#request !== 0 && words.includes(this.#request));
    if (raised && !wasRaised && this.#request !== 0) this.#onAbort(this.#request);
  }
}

/**
 * Whether this thread was told to end what it does. To be asked at the beginning of every call that may wait: now and then it
 * looks whether something has come.
 *
 * @param calls as how many calls that need not wait this one counts.
 */
export function isInterrupted(calls = 1): boolean {
  callsUntilLook -= calls;
  if (callsUntilLook <= 0) look();
  return raised;
}

function look(): void {
  callsUntilLook = CALLS_PER_LOOK;
  interrupt?.receive();
}

/** The error for a call of a thread that has been told to end what it does. */
export function interruptedError(action: string, syscall: string): ClosedResourceError {
  return new ClosedResourceError(
    `Cannot ${action}: the server has broken off the request that it is done for (EBADF)`,
    {
      code: "EBADF",
      syscall,
    },
  );
}

/** The moment, on `performance.now()`'s clock, at which a call that begins now may no longer wait; `null` for never. */
export function deadlineAfter(seconds: number | null): number | null {
  return seconds === null ? null : performance.now() + seconds * 1000;
}

/**
 * Blocks this thread until a descriptor is ready.
 *
 * @param events `POLLIN` and the like; a failed connection is always ready.
 * @param deadline of {@link deadlineAfter}.
 */
export function blockUntil(descriptor: number, events: number, deadline: number | null): WaitOutcome {
  while (!raised) {
    entries[0] = descriptor;
    entries[1] = events;
    const ready = poll(entries, watched, millisecondsUntil(deadline));
    if (ready === 1 && entries[2] !== 0) return READY;
    if (ready < 0) throw systemErrorOf(ready);
    if (ready === 0) {
      if (deadline !== null && performance.now() >= deadline) return EXPIRED;
      continue;
    }
    // The interrupt, and perhaps the descriptor too.
    interrupt?.receive();
    if (!raised && entries[2] !== 0) return READY;
  }
  return INTERRUPTED;
}

/** Blocks this thread for some time. Tells whether it was interrupted. */
export function blockFor(milliseconds: number): boolean {
  const deadline = performance.now() + milliseconds;
  while (!raised && performance.now() < deadline) blockForInterrupt(deadline);
  return raised;
}

/** Blocks this thread until its interrupt says something. Tells whether that was to end. */
export function blockForMessage(): boolean {
  if (interrupt === null) throw new Error("Nobody can send this thread a message");
  if (!raised) blockForInterrupt(null);
  return raised;
}

function blockForInterrupt(deadline: number | null): void {
  const ready = poll(entries.subarray(3), watched - 1, millisecondsUntil(deadline));
  if (ready < 0) throw systemErrorOf(ready);
  if (ready > 0) interrupt?.receive();
}

/** How long the next wait may take. */
function millisecondsUntil(deadline: number | null): number {
  return deadline === null ? longest : Math.min(longest, Math.max(0, Math.ceil(deadline - performance.now())));
}
