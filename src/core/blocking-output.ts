/**
 * What a thread prints while it blocks.
 *
 * @module
 */

import type { Writable } from "node:stream";

/**
 * Has everything that is written to `process.stdout` or `process.stderr` of a worker thread leave at once. They send each piece
 * to the main thread, and hold the next one back until that has answered, which a thread that blocks would not hear.
 */
export function printAtOnce(): void {
  for (const stream of [process.stdout, process.stderr] as readonly Writable[]) {
    const send = stream._writev?.bind(stream);
    if (send === undefined) continue;
    stream._writev = (pieces, done) => {
      send(pieces, () => {});
      done();
    };
  }
}
