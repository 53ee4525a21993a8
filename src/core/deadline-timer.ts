/**
 * {@link DeadlineTimer}: a timer for deadlines that are set with every message and met hardly ever.
 *
 * @module
 */

/** The moment, on `performance.now()`'s clock, at which a call that begins now may no longer wait; infinite for `null`. */
export function deadlineAfter(seconds: number | null): number {
  return seconds === null ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
}

/**
 * Calls a function once a deadline has passed. Setting a later deadline costs an assignment: the timer that runs already looks
 * when it fires whether the time has come, and otherwise runs for the rest.
 */
export class DeadlineTimer {
  readonly #onExpired: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires. */
  #firesAt = Number.POSITIVE_INFINITY;
  #deadline = Number.POSITIVE_INFINITY;

  /** @param onExpired called once for each deadline that has passed, never early. */
  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  /** Sets the deadline, on `performance.now()`'s clock; infinite for none. */
  set(deadline: number): void {
    this.#deadline = deadline;
    if (deadline < this.#firesAt) this.#start();
  }

  /** Ends the timer. */
  close(): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#stop();
  }

  #start(): void {
    this.#stop();
    this.#firesAt = this.#deadline;
    this.#timer = setTimeout(this.#onFired, Math.ceil(this.#deadline - performance.now()));
    // What waits keeps the process alive, not how long it may.
    this.#timer.unref();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  readonly #onFired = (): void => {
    this.#timer = null;
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (this.#deadline === Number.POSITIVE_INFINITY) return;
    if (performance.now() < this.#deadline) {
      this.#start();
      return;
    }
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#onExpired();
  };
}
