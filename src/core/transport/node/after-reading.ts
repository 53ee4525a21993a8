/**
 * {@link afterReading}: for what must not come before Node has read what the system holds.
 *
 * @module
 */

const waiting = new Set<() => void>();

process.on("exit", () => {
  for (const callback of waiting) callback();
});

/** Calls a function when Node has read from all connections once more: in the next turn of the event loop, or on exit. */
export function afterReading(callback: () => void): void {
  waiting.add(callback);
  // The first may still come in this turn: before the system is asked again.
  setImmediate(() => {
    setImmediate(() => {
      waiting.delete(callback);
      callback();
    });
  });
}
