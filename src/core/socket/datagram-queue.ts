/**
 * {@link DatagramQueue}: datagrams that wait to be sent.
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
  /** Calls of other lanes need not wait for this one; `null` for those that everybody waits for. */
  readonly lane: string | null;
  timer: NodeJS.Timeout | null;
  next: Waiter | null;
}

/** Sends of datagrams that wait for room, in the order of the calls. */
export class DatagramQueue {
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
   * @param lane what it waits for, where that is not the same for all: order is kept within a lane.
   */
  wait<Result>(
    attempt: () => Result | null,
    action: string,
    syscall: string,
    timeout: number | null,
    lane: string | null = null,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      // A waiter is only ever resolved with the result of its own attempt.
      const settle = resolve as (result: unknown) => void;
      const waiter: Waiter = { attempt, resolve: settle, reject, action, syscall, lane, timer: null, next: null };
      if (timeout !== null) waiter.timer = setTimeout(() => this.#expire(waiter, timeout), timeout * 1000);
      if (this.#last === null) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
      this.#length += 1;
    });
  }

  /** Whether a call of that lane would have to wait for its turn. */
  isBusy(lane: string | null): boolean {
    if (lane === null) return this.#length > 0;
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) {
      if (waiter.lane === null || waiter.lane === lane) return true;
    }
    return false;
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
    let blocked: Set<string> | null = null;
    for (let waiter = this.#first; waiter !== null; ) {
      if (waiter.lane !== null && blocked?.has(waiter.lane)) {
        waiter = waiter.next;
        continue;
      }
      let result: unknown;
      try {
        result = waiter.attempt();
      } catch (error) {
        this.#remove(waiter);
        waiter.reject(this.#explainer.explainFailure(error, waiter.action, waiter.syscall));
        waiter = this.#first;
        continue;
      }
      if (result === null) {
        if (waiter.lane === null) return;
        blocked ??= new Set();
        blocked.add(waiter.lane);
        waiter = waiter.next;
        continue;
      }
      this.#remove(waiter);
      waiter.resolve(result);
      // From the beginning: the attempt may have changed the list.
      waiter = this.#first;
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
    if (waiter === this.#first) {
      this.#first = waiter.next;
      if (waiter.next === null) this.#last = null;
    } else {
      let before = this.#first;
      while (before !== null && before.next !== waiter) before = before.next;
      // Already gone: its own attempt has closed the socket.
      if (before === null) return;
      before.next = waiter.next;
      if (waiter.next === null) this.#last = before;
    }
    this.#length -= 1;
    if (waiter.timer !== null) clearTimeout(waiter.timer);
  }
}
