/**
 * {@link WaitingReceive}: the one call that waits until a socket has something to receive.
 *
 * @module
 */

import type { WaitExplainer } from "./waiters.js";

/** A kind of receiving call. */
export interface Receiving<Source, Result> {
  /** What it does, for the message of an error: `"receive from"`. */
  readonly action: string;
  readonly syscall: string;
  /** Asks without waiting: the result, or `null` when there is none yet. */
  attempt(source: Source, size: number, flags: number): Result | null;
}

// The functions that settle the promise that is being made. They are taken out of it by one function for all promises: one
// for each would live as long as its wait, and an idle connection should cost little.
let resolveNewest: (result: never) => void;
let rejectNewest: (error: unknown) => void;
function takeOut(resolve: (result: never) => void, reject: (error: unknown) => void): void {
  resolveNewest = resolve;
  rejectNewest = reject;
}

/** A receiving call that has found nothing. */
export class WaitingReceive<Source extends WaitExplainer, Result> {
  readonly promise: Promise<Result>;
  readonly receiving: Receiving<Source, Result>;
  /** Ends the wait after its time. */
  timer: NodeJS.Timeout | null = null;
  readonly #source: Source;
  readonly #size: number;
  readonly #flags: number;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: unknown) => void;
  #trying = false;
  #mayHaveChanged = false;

  constructor(receiving: Receiving<Source, Result>, source: Source, size: number, flags: number) {
    this.receiving = receiving;
    this.#source = source;
    this.#size = size;
    this.#flags = flags;
    this.promise = new Promise(takeOut);
    this.#resolve = resolveNewest as (result: Result) => void;
    this.#reject = rejectNewest;
  }

  /** Something may have changed: tries again. @returns whether the wait is over. */
  tryAgain(): boolean {
    // An attempt may itself change something, and so lead back here: each result is asked for once, by the outer call.
    this.#mayHaveChanged = true;
    if (this.#trying) return false;
    this.#trying = true;
    let result: Result | null = null;
    try {
      while (result === null && this.#mayHaveChanged) {
        this.#mayHaveChanged = false;
        result = this.receiving.attempt(this.#source, this.#size, this.#flags);
      }
    } catch (error) {
      this.fail(this.#source.explainFailure(error, this.receiving.action, this.receiving.syscall));
      return true;
    }
    this.#trying = false;
    if (result === null) return false;
    if (this.timer !== null) clearTimeout(this.timer);
    this.#resolve(result);
    return true;
  }

  /** Ends the wait. */
  fail(error: unknown): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.#reject(error);
  }
}
