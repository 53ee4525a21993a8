/**
 * Lets the event loop turn while a socket is so quick that its calls never have to wait.
 *
 * @module
 */

/**
 * What the calls of one socket may in a row do at once: 64 calls, or 256 KiB.
 *
 * `await` of a promise that is already resolved does not leave the turn of Node's event loop. A handler whose peer keeps up
 * with it would so have the process for itself: no timer, no other socket. When this is used up it gives way for one turn,
 * which costs a few microseconds; a call that really waits gives way by itself.
 */
export const YIELD_AFTER = 64;

/** What a call that moves so many bytes takes from {@link YIELD_AFTER}: one, and one for every 4 KiB. */
export function costOf(bytes: number): number {
  return 1 + (bytes >>> 12);
}

let turn: Promise<void> | null = null;

/** Resolves in the next turn of the event loop. All who ask in one turn get the same promise. */
export function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = null;
      resolve();
    });
  });
  return turn;
}
