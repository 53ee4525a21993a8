/**
 * Bytes that arrive in pieces, cut anywhere: for the property tests of framings.
 *
 * @module
 */

import fc from "fast-check";
import type { ByteSource } from "ts-socketserver/socket";

/** Places to cut at, as shares of the whole, so that they fit whatever is cut. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** The pieces of the bytes between the cuts; none is empty. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...places.map((share) => Math.round(share * bytes.length)), bytes.length].sort(
    (one, other) => one - other,
  );
  const pieces = at.map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
  return pieces.filter((piece) => piece.length > 0);
}

/** A source that gives the pieces one by one. */
export function sourceOf(pieces: readonly Uint8Array[]): ByteSource {
  const rest = pieces.map((piece) => Buffer.from(piece));
  return {
    recv: async (size) => {
      const piece = rest.shift() ?? Buffer.alloc(0);
      if (piece.length > size) rest.unshift(piece.subarray(size));
      return piece.subarray(0, size);
    },
  };
}
