/**
 * What is sent when a turn of the event loop ends: the writes that were collected during it.
 *
 * @module
 */

/** Something that has collected bytes: a `SendQueue`. */
interface Collecting {
  onTurnsEnd(): void;
}

let collecting: Collecting[] = [];
let isShared = false;
let isExiting = false;

/** Says that events of several connections are handled in this turn: their answers may leave together at its end. */
export function shareTurn(): void {
  isShared = true;
}

/** Whether this turn is shared by several connections. */
export function isSharedTurn(): boolean {
  return isShared;
}

/** Has a queue send what it has collected when this turn's JavaScript is done, or when the process exits before. */
export function sendAtTurnsEnd(queue: Collecting): void {
  if (isExiting) {
    queue.onTurnsEnd();
    return;
  }
  if (collecting.length === 0) process.nextTick(sendCollected);
  collecting.push(queue);
}

// The first to hear of the exit: what other listeners send leaves at once, as there is no further turn.
process.prependListener("exit", () => {
  isExiting = true;
  sendCollected();
});

function sendCollected(): void {
  isShared = false;
  const queues = collecting;
  collecting = [];
  for (const queue of queues) queue.onTurnsEnd();
}
