/**
 * Promises that are settled later, for what happens with every message.
 *
 * @module
 */

type Resolve<Result> = (result: Result | PromiseLike<Result>) => void;

let newest: Resolve<never>;

// One function for all promises: one for each would have to be made, and would live as long as its promise waits.
function takeOut(resolve: Resolve<never>): void {
  newest = resolve;
}

/**
 * Makes a promise. {@link resolveOfNewest} gives what resolves it; to reject it, resolve it with a promise that is rejected, which
 * is no different for those who wait, and leaves one function less to keep.
 */
export function openPromise<Result>(): Promise<Result> {
  return new Promise<Result>(takeOut);
}

/** What resolves the promise that {@link openPromise} has made last. */
export function resolveOfNewest<Result>(): Resolve<Result> {
  return newest as Resolve<Result>;
}
