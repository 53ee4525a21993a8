/**
 * {@link linesOf}: takes a stream of bytes apart into lines.
 *
 * @module
 */

import { LimitOverrunError } from "../core/errors.js";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** What an IPv4 datagram can carry: a line is to fit into one. */
const MAX_LINE = 65_507;

/**
 * The lines of a stream, without their ends (`"\n"` or `"\r\n"`). A last one without an end is one too.
 *
 * @throws LimitOverrunError for a line of more than 65,507 bytes.
 */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let begun: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    let rest: Buffer = Buffer.concat([begun, piece]);
    // What was begun has no line end in it: it has been looked through.
    for (let end = rest.indexOf(NEWLINE, begun.length); end >= 0; end = rest.indexOf(NEWLINE)) {
      yield withoutEnd(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > MAX_LINE + 1) throw tooLong();
    begun = rest;
  }
  if (begun.length > 0) yield withoutEnd(begun);
}

function withoutEnd(line: Buffer): Buffer {
  const text = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  if (text.length > MAX_LINE) throw tooLong();
  return text;
}

function tooLong(): LimitOverrunError {
  return new LimitOverrunError(`A line is longer than the ${MAX_LINE} bytes of a datagram (EMSGSIZE)`, MAX_LINE);
}
