/**
 * {@link Scope}: what code runs within.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** A server's loop, or one of its requests: with all that is started there, however late that runs. */
export interface Scope {
  /** The server. */
  readonly owner: object;
}

const storage = new AsyncLocalStorage<Scope | undefined>();

/** What the calling code runs within, if anything. */
export function currentScope(): Scope | undefined {
  return storage.getStore();
}

/** Runs a function within a scope, which it is given. */
export function runWithin<Within extends Scope, Result>(scope: Within, work: (scope: Within) => Result): Result {
  return storage.run(scope, work, scope);
}

/** Runs a function within no scope: what it causes is nobody's. */
export function runOutside<Result>(work: () => Result): Result {
  // Not exit(), which turns the following of promises off and on again for all of the process.
  return storage.run(undefined, work);
}

/**
 * Whether a rejection that nobody handles belongs to the scope in which it happens, as since Node 24, and not to that in which the
 * promise was made.
 */
const rejectsWhereSettled = Number.parseInt(process.versions.node, 10) >= 24;

/** The scope in which the promise that is just being made has to be rejected, for {@link settleWithin}. */
export function scopeForRejection(): Scope | undefined {
  return rejectsWhereSettled ? currentScope() : undefined;
}

/** Resolves a promise with one that is rejected, or may be: an error that nobody handles is then known to be of that scope. */
export function settleWithin<Result>(
  scope: Scope | undefined,
  resolve: ((outcome: Promise<Result>) => void) | null,
  outcome: () => Promise<Result>,
): void {
  if (scope === undefined) resolve?.(outcome());
  else runWithin(scope, () => resolve?.(outcome()));
}
