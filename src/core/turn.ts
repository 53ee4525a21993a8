/**
 * Turns of the event loop: how much one of them may do before the others' events have theirs.
 *
 * `await` of a settled promise does not leave the turn, so a handler whose peer keeps up with it would have the process for
 * itself: no timer, no other connection. All calls of sockets, readers and writers therefore share one budget.
 *
 * @module
 */

/** Operations between two looks at the clock. One operation is a call, or 4 KiB of bytes. */
const OPERATIONS_PER_LOOK = 16;
/** Milliseconds for which one turn may go on with calls that need not wait. */
const TURN_LIMIT_MS = 2;

let operationsLeft = OPERATIONS_PER_LOOK;
/** When the first operations of this turn were used up, on the clock of `performance.now()`; 0 before. */
let busySince = 0;
let next: Promise<void> | null = null;

/** A turn begins: the budget is whole again. For those who know; otherwise {@link nextTurn} says so. */
export function beginTurn(): void {
  operationsLeft = OPERATIONS_PER_LOOK;
  busySince = 0;
}

/**
 * Counts a call that need not wait.
 *
 * @param bytes that it has moved.
 * @returns whether its result may be passed on in this turn; if not, it is for {@link nextTurn}.
 */
export function mayGoOn(bytes = 0): boolean {
  operationsLeft -= 1 + (bytes >>> 12);
  return operationsLeft > 0 || isWithinLimit();
}

function isWithinLimit(): boolean {
  const now = performance.now();
  if (busySince === 0) busySince = now;
  if (now - busySince > TURN_LIMIT_MS) return false;
  operationsLeft = OPERATIONS_PER_LOOK;
  return true;
}

/** Resolves in the next turn of the event loop. All that ask in one turn get the same promise. */
export function nextTurn(): Promise<void> {
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      next = null;
      beginTurn();
      resolve();
    });
  });
  return next;
}

/** Passes on the outcome of a call that need not wait: at once, or in the next turn where this one has gone on for long. */
export function passOn<Result>(outcome: Promise<Result>, bytes = 0): Promise<Result> {
  return mayGoOn(bytes) ? outcome : outcome.finally(nextTurn);
}
