/**
 * The requests that a server is working on: who they come from, what runs for them, and how their ending is waited for.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { type AsyncContext, currentContext, runInContext } from "../async-context.js";
import { NumberTable } from "./number-table.js";

/** Whose requests they are; the server itself, as far as this file needs to know it. */
export interface RequestOwner {
  /** Something that the handler started but did not wait for has failed. */
  requestLeftError(active: ActiveRequest, error: unknown): void;
}

/** One request from its acceptance to its end. */
export class ActiveRequest implements AsyncContext {
  readonly owner: RequestOwner;
  readonly clientAddress: Address;
  /** By which {@link ActiveRequests} knows it. */
  number = 0;
  /** The request itself; let go of when it has ended, since what the handler has started may live on. */
  request: unknown;
  /** When it was accepted, in milliseconds of `performance.now()`. */
  readonly startedAt = performance.now();
  /** The server has closed it before the handler was done; the handler's running into that is no error of its own. */
  aborted = false;
  /** Its handler waits for the server to close: whoever closes it must not wait for the handler in turn. */
  excludedFromDrain = false;
  /** It runs on after `processRequest()` has returned. */
  detached = false;
  /** It is over. */
  ended = false;

  constructor(owner: RequestOwner, request: unknown, clientAddress: Address) {
    this.owner = owner;
    this.request = request;
    this.clientAddress = clientAddress;
  }
}

// What a handler does, and whatever that starts, runs within its request. So an error that nobody caught can be given to
// the request it came from, and a handler that stops its own server is not waited for by itself.

/** The request within which the calling code runs, if any; it may have ended. */
export function currentRequest(): ActiveRequest | undefined {
  const scope = currentContext();
  return scope instanceof ActiveRequest ? scope : undefined;
}

/** Whether the calling code runs within the server's loop or one of its requests, so that waiting for it would be for ever. */
export function runsWithin(owner: RequestOwner): boolean {
  const scope = currentContext();
  return scope?.owner === owner && !(scope instanceof ActiveRequest && scope.ended);
}

/** Runs a server's loop, so that its hooks are known to be within it. */
export function runLoop<Result>(owner: RequestOwner, loop: () => Result): Result {
  return runInContext({ owner }, loop);
}

/** The requests of one server. */
export class ActiveRequests {
  readonly #active = new NumberTable<ActiveRequest>();
  /** The same by what they are about, where that is an object; of two about the same one, the later. */
  readonly #byRequest = new WeakMap<object, ActiveRequest>();
  readonly #onEnd: () => void;
  readonly #waiting = new Set<() => void>();
  /** How many of the requests close the server themselves. */
  #excluded = 0;

  /** @param onEnd called when a request has ended. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#active.size;
  }

  get(request: unknown): ActiveRequest | undefined {
    if (isObject(request)) return this.#byRequest.get(request);
    return this.#active.values().findLast((active) => active.request === request);
  }

  /**
   * Runs a function for a new request, which lives until {@link leave}.
   *
   * @param followed whether {@link currentRequest} knows the request in all that the function starts.
   */
  run(
    active: ActiveRequest,
    followed: boolean,
    work: (active: ActiveRequest) => void | Promise<void>,
  ): void | Promise<void> {
    this.add(active);
    return followed ? runInContext(active, work) : work(active);
  }

  /** There is a new request, which lives until {@link leave}. */
  add(active: ActiveRequest): void {
    active.number = this.#active.add(active);
    this.#remember(active);
  }

  #remember(active: ActiveRequest): void {
    if (isObject(active.request)) this.#byRequest.set(active.request, active);
  }

  /** A request is about something else from now on. */
  replace(active: ActiveRequest, request: unknown): void {
    this.#forget(active);
    active.request = request;
    this.#remember(active);
  }

  #forget(active: ActiveRequest): void {
    const { request } = active;
    if (isObject(request) && this.#byRequest.get(request) === active) this.#byRequest.delete(request);
  }

  /** The request's handler closes the server: from now on nobody waits for it. */
  excludeFromDrain(active: ActiveRequest): void {
    // One that has ended (its timers may outlive it) is waited for by nobody anyway.
    if (active.excludedFromDrain || active.ended) return;
    active.excludedFromDrain = true;
    this.#excluded += 1;
    for (const check of this.#waiting) check();
  }

  /** The request is over. */
  leave(active: ActiveRequest): void {
    this.#active.delete(active.number);
    this.#forget(active);
    active.ended = true;
    active.request = null;
    if (active.excludedFromDrain) this.#excluded -= 1;
    this.#onEnd();
    for (const check of this.#waiting) check();
  }

  /** Waits until no request is left. */
  async whenEmpty(): Promise<void> {
    await this.#until(() => this.#active.size === 0, null);
  }

  /**
   * Waits until every request has ended, but for those whose handlers close the server.
   *
   * @param seconds how long, at most.
   * @returns the requests that have not.
   */
  async drain(seconds: number): Promise<ActiveRequest[]> {
    await this.#until(() => this.#active.size === this.#excluded, seconds);
    return this.#active.values().filter((active) => !active.excludedFromDrain);
  }

  async #until(condition: () => boolean, seconds: number | null): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const timer = seconds === null ? null : setTimeout(() => finish(), seconds * 1000);
      const check = (): void => {
        if (condition()) finish();
      };
      const finish = (): void => {
        if (timer !== null) clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
