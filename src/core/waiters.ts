/**
 * Calls that wait for a socket to become readable or writable.
 *
 * @module
 */

/** Puts the failure of a waiting call into words: the socket, which knows its name. */
export interface WaitExplainer {
  explainFailure(error: unknown, action: string, syscall: string): unknown;
  explainTimeout(seconds: number, action: string, syscall: string): Error;
  explainClosed(action: string, syscall: string): Error;
}

interface Waiter {
  /** Tries again: the result, or `null` when it would still block. */
  attempt(): unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  readonly action: string;
  readonly syscall: string;
  timer: NodeJS.Timeout | null;
  next: Waiter | null;
}

/** One direction of a socket: the calls that wait in it, first come first served. */
export class Waiters {
  readonly #explainer: WaitExplainer;
  // A linked list: there is hardly ever more than one, and an idle socket should cost little.
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #length = 0;
  #waking = false;
  #wakeAgain = false;

  constructor(explainer: WaitExplainer) {
    this.#explainer = explainer;
  }

  /** How many calls are waiting. */
  get length(): number {
    return this.#length;
  }

  /**
   * Waits until a call that would have blocked gives a result.
   *
   * @param attempt the call: its result, or `null` to go on waiting; what it throws rejects the promise.
   * @param action what the call does, for the message of an error: `"receive from"`.
   * @param timeout how long to wait, in seconds; `null` for ever.
   */
  wait<Result>(attempt: () => Result | null, action: string, syscall: string, timeout: number | null): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      // A waiter is only ever resolved with the result of its own attempt.
      const settle = resolve as (result: unknown) => void;
      const waiter: Waiter = { attempt, resolve: settle, reject, action, syscall, timer: null, next: null };
      if (timeout !== null) waiter.timer = setTimeout(() => this.#expire(waiter, timeout), timeout * 1000);
      if (this.#last === null) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
      this.#length += 1;
    });
  }

  /** Something has changed: lets the calls try again, in order, until one would still block. */
  wake(): void {
    // An attempt may itself change something, and so lead back here: each result is asked for once, by the outer call.
    this.#wakeAgain = true;
    if (this.#waking) return;
    this.#waking = true;
    try {
      while (this.#wakeAgain) {
        this.#wakeAgain = false;
        this.#tryInOrder();
      }
    } finally {
      this.#waking = false;
    }
  }

  #tryInOrder(): void {
    for (let waiter = this.#first; waiter !== null; waiter = this.#first) {
      let result: unknown;
      try {
        result = waiter.attempt();
      } catch (error) {
        this.#remove(waiter);
        waiter.reject(this.#explainer.explainFailure(error, waiter.action, waiter.syscall));
        continue;
      }
      if (result === null) return;
      this.#remove(waiter);
      waiter.resolve(result);
    }
  }

  /** The socket is closed: ends every wait. */
  close(): void {
    for (let waiter = this.#first; waiter !== null; waiter = this.#first) {
      this.#remove(waiter);
      waiter.reject(this.#explainer.explainClosed(waiter.action, waiter.syscall));
    }
  }

  #expire(waiter: Waiter, seconds: number): void {
    this.#remove(waiter);
    waiter.reject(this.#explainer.explainTimeout(seconds, waiter.action, waiter.syscall));
    // The next in line may be able to go on where this one was stuck.
    this.wake();
  }

  #remove(waiter: Waiter): void {
    let before: Waiter | null = null;
    for (let other = this.#first; other !== null && other !== waiter; other = other.next) before = other;
    // Already gone: its own attempt has closed the socket.
    if ((before === null ? this.#first : before.next) !== waiter) return;
    if (before === null) this.#first = waiter.next;
    else before.next = waiter.next;
    if (this.#last === waiter) this.#last = before;
    this.#length -= 1;
    if (waiter.timer !== null) clearTimeout(waiter.timer);
  }
}
