/**
 * Promises that are settled later, for what happens with every message.
 *
 * @module
 */

type Resolve<Result> = (result: Result | PromiseLike<Result>) => void;

let latest: Resolve<never>;

// One function for all promises: one for each would have to be made, and would live as long as its promise waits.
function captureResolver(resolve: Resolve<never>): void {
  latest = resolve;
}

/**
 * Makes a promise. {@link resolverOfLatest} gives what resolves it; to reject it, resolve it with a promise that is rejected, which
 * is no different for those who wait, and leaves one function less to keep.
 */
export function deferred<Result>(): Promise<Result> {
  return new Promise<Result>(captureResolver);
}

/** What resolves the promise that {@link deferred} has made last. */
export function resolverOfLatest<Result>(): Resolve<Result> {
  return latest as Resolve<Result>;
}
