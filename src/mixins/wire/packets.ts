/**
 * The packets by which connections get from a server to its child processes, over a pair of Unix sockets.
 *
 * Each holds the numbers of requests, and beside it come, in the same order, the descriptors of their connections
 * (`SCM_RIGHTS`). The child answers with the numbers of those that it has.
 *
 * @module
 */

import { codeOf } from "../../core/errors.js";

/** The descriptor by which a child has its end of the pair. */
export const LINK_DESCRIPTOR = 4;
/** Those by which one whose handlers block has its ends of two more: of what wakes it, and of what it asks the server by. */
export const INTERRUPT_DESCRIPTOR = 5;
export const CALLS_DESCRIPTOR = 6;
/** The number that the server's own socket comes under; requests begin at 1. */
export const SERVER_SOCKET = 0;
/** Descriptors of one packet; Linux allows 253. */
export const MAX_NUMBERS_PER_PACKET = 64;
/** Bytes of a number: as a double, which a server does not run out of. */
export const NUMBER_BYTES = 8;

/** Whether a call on the pair has failed because the other process has ended: that is told elsewhere, too. */
export function isEnded(error: unknown): boolean {
  return ["EPIPE", "ECONNRESET", "ENOTCONN"].includes(codeOf(error));
}

/** The bytes of a packet. */
export function packNumbers(numbers: readonly number[]): Buffer {
  const packet = Buffer.allocUnsafe(numbers.length * NUMBER_BYTES);
  for (const [index, number] of numbers.entries()) packet.writeDoubleLE(number, index * NUMBER_BYTES);
  return packet;
}

/** The numbers of a packet. */
export function unpackNumbers(packet: Buffer): number[] {
  const numbers: number[] = [];
  for (let offset = 0; offset < packet.length; offset += NUMBER_BYTES) numbers.push(packet.readDoubleLE(offset));
  return numbers;
}
