/**
 * The resting place of a server's loop: it sleeps here until it is woken, never polling.
 *
 * @module
 */

/** One run of `serveForever()` or `handleRequest()`. */
export class ServeLoop {
  /** Resolves when the run is over. */
  readonly left: Promise<void>;
  /** Resolves when nobody waits any more for what the loop is working on. */
  readonly abandoned: Promise<void>;
  /** Lets the run end although its request does not: the handler was cut off, and has not noticed. */
  abandon: () => void = () => {};
  #leave: () => void = () => {};
  #wake: (() => void) | null = null;
  #stopping = false;
  #error: unknown = null;

  constructor() {
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.abandoned = new Promise((resolve) => {
      this.abandon = resolve;
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

  /** Waits until the run is over, at most until then (a time of `performance.now()`); after that it is abandoned. */
  async leaveUntil(deadline: number): Promise<void> {
    const timer = setTimeout(() => this.abandon(), Math.max(0, deadline - performance.now()));
    await this.left;
    clearTimeout(timer);
  }

  /** The loop has ended: tells who waits for {@link left}, and throws what it was stopped with. */
  leave(): void {
    this.#leave();
    if (this.#error !== null) throw this.#error;
  }
}
