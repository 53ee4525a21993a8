/**
 * What a thread prints while it blocks.
 *
 * @module
 */

import type { Writable } from "node:stream";
import type { OutputStream } from "../wire/messages.js";

/** What `_writev()` gets of each piece. */
interface Piece {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/**
 * Has everything that is written to `process.stdout` or `process.stderr` of a worker thread leave at once, and by another way
 * than Node's. There each piece goes to the main thread, which answers; a thread that blocks does not hear that: it would hold the
 * next piece back, and the answers would pile up.
 *
 * @param send sends something to the main thread, which answers nothing.
 */
export function printAtOnce(send: (stream: OutputStream, data: Uint8Array) => void): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream: Writable = process[name];
    stream._writev = (pieces: readonly Piece[], done) => {
      for (const { chunk, encoding } of pieces) {
        // A copy, since with a part of some memory all of that would travel.
        send(name, new Uint8Array(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk));
      }
      done();
    };
  }
}
