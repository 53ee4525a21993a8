/**
 * {@link AsyncContext}: what code runs within.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** A server's loop, or one of its requests: with all that is started there, however late that runs. */
export interface AsyncContext {
  /** The server. */
  readonly owner: object;
}

const storage = new AsyncLocalStorage<AsyncContext | undefined>();

/** What the calling code runs within, if anything. */
export function currentContext(): AsyncContext | undefined {
  return storage.getStore();
}

/** Runs a function within a scope, which it is given. */
export function runInContext<Within extends AsyncContext, Result>(
  scope: Within,
  work: (scope: Within) => Result,
): Result {
  return storage.run(scope, work, scope);
}

/** Runs a function within no scope: what it causes is nobody's. */
export function runDetached<Result>(work: () => Result): Result {
  // Not exit(), which turns the following of promises off and on again for all of the process.
  return storage.run(undefined, work);
}

/**
 * Whether a rejection that nobody handles belongs to the scope in which it happens, as since Node 24, and not to that in which the
 * promise was made.
 */
const rejectsWhereSettled = Number.parseInt(process.versions.node, 10) >= 24;

/** The context in which the promise that is just being made has to be rejected, for {@link settleInContext}. */
export function contextForRejection(): AsyncContext | undefined {
  return rejectsWhereSettled ? currentContext() : undefined;
}

/** Resolves a promise with one that is rejected, or may be: an error that nobody handles is then known to be of that scope. */
export function settleInContext<Result>(
  scope: AsyncContext | undefined,
  resolve: ((outcome: Promise<Result>) => void) | null,
  outcome: () => Promise<Result>,
): void {
  if (scope === undefined) resolve?.(outcome());
  else runInContext(scope, () => resolve?.(outcome()));
}
