/**
 * {@link DatagramAnswer}: what handlers of datagrams have written, whether they await or block.
 *
 * @module
 */

import { closedError } from "../core/errors.js";
import type { WriteQueue } from "../core/stream/byte-stream.js";

/** Collects the answer to a datagram, which is to leave as one. */
export class DatagramAnswer implements WriteQueue {
  #pieces: Buffer[] | null = [];

  /** So that a writer can be made over it. */
  get sendQueue(): this {
    return this;
  }

  /** Adds a copy of the data. @throws ClosedResourceError after {@link end} */
  write(data: string | Uint8Array): number {
    if (this.#pieces === null) throw closedError("write", "sendto");
    const piece = Buffer.from(data);
    if (piece.length > 0) this.#pieces.push(piece);
    return piece.length;
  }

  /** Does nothing: the answer leaves when the handler is done. */
  flush(): null {
    return null;
  }

  /** Ends it. @returns the whole answer; `null` when nothing was written */
  end(): Buffer | null {
    const pieces = this.#pieces ?? [];
    this.#pieces = null;
    const [first = null] = pieces;
    return pieces.length > 1 ? Buffer.concat(pieces) : first;
  }
}
