/**
 * The resting place of a server's loop: it sleeps here until it is woken, never polling.
 *
 * @module
 */

/** One run of `serveForever()` or `handleRequest()`. */
export class ServeLoop {
  /** Resolves when the run is over. */
  readonly finished: Promise<void>;
  /** Resolves when nobody waits any more for what the loop is working on. */
  readonly detached: Promise<void>;
  /** Lets the run end although its request does not: the handler was cut off, and has not noticed. */
  detach: () => void = () => {};
  #finish: () => void = () => {};
  #wake: (() => void) | null = null;
  #stopping = false;
  #error: unknown = null;

  constructor() {
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.detached = new Promise((resolve) => {
      this.detach = resolve;
    });
  }

  /** Whether the loop is to take no further request. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Waits until somebody wakes the loop, or the seconds are over. Does not wait at all once it is stopping. */
  sleep(seconds: number | null = null): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = seconds === null ? null : setTimeout(() => this.wake(), seconds * 1000);
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Something may have changed: the loop looks again. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Asks the loop to end; with an error, to end by throwing that. */
  stop(error: unknown = null): void {
    this.#stopping = true;
    this.#error ??= error;
    this.wake();
  }

  /** Waits until the run is over, at most until then (a time of `performance.now()`); after that it is detached. */
  async leaveUntil(deadline: number): Promise<void> {
    const timer = setTimeout(() => this.detach(), Math.max(0, deadline - performance.now()));
    await this.finished;
    clearTimeout(timer);
  }

  /** The loop has ended: tells who waits for {@link finished}, and throws what it was stopped with. */
  finish(): void {
    this.#finish();
    if (this.#error !== null) throw this.#error;
  }
}
