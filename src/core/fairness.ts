/**
 * Lets the event loop turn while a socket is so quick that its calls never have to wait.
 *
 * @module
 */

/**
 * How many calls of one socket may in a row be done at once.
 *
 * `await` of a promise that is already resolved does not leave the turn of Node's event loop. A handler whose peer keeps up
 * with it would so have the process for itself: no timer, no other socket. After this many calls it gives way for one turn,
 * which costs a few microseconds, and is spread over the 64; a call that really waits gives way by itself.
 */
export const CALLS_PER_TURN = 64;

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
