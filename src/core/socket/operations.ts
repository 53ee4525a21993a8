/**
 * What the calls of sockets come to on a channel, without any waiting: the same for sockets that await and sockets that block.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import {
  MSG_DONTWAIT,
  MSG_PEEK,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type SocketKind,
} from "../constants.js";
import { codeOf, errnoOf, unsupported } from "../errors.js";
import type { Channel } from "../transport/transport.js";

/** A received datagram: its bytes, the sender's address, and whether it was longer than the size asked for. */
export type Datagram = readonly [data: Buffer, address: Address, truncated: boolean];

/** What a receiving call returns that has received nothing. */
export const NOTHING: Buffer = Buffer.alloc(0);

/** Whether each call on such a socket sends or receives one message, and may name another peer each time. */
export function isDatagramKind(kind: SocketKind): boolean {
  return kind === SOCK_DGRAM || kind === SOCK_RAW;
}

/** Whether received bytes are to stay. */
export function isPeek(flags: number): boolean {
  return (flags & MSG_PEEK) !== 0;
}

/** Why a receiving call cannot have that size or those flags, if so. */
export function checkSize(size: number, flags: number): Error | null {
  if (!Number.isInteger(size) || size < 0) {
    return new RangeError(`Cannot receive ${size} bytes: the size is a whole number that is not negative.`);
  }
  if ((flags & ~(MSG_PEEK | MSG_DONTWAIT)) !== 0) {
    return unsupported(
      `Receiving with the flags 0x${flags.toString(16)} is not possible`,
      "Only MSG_PEEK and MSG_DONTWAIT are.",
      "recv",
    );
  }
  return null;
}

/** Refuses what is no direction of a connection. @throws RangeError */
export function checkDirection(how: number): void {
  if (how === SHUT_RD || how === SHUT_WR || how === SHUT_RDWR) return;
  throw new RangeError(`Cannot shut down in the direction ${how}: pass SHUT_RD, SHUT_WR or SHUT_RDWR.`);
}

/** The bytes that `recv()` returns; `null` while there are none. */
export function tryReceive(channel: Channel, kind: SocketKind, size: number, peek: boolean): Buffer | null {
  // As CPython: a stream that is asked for nothing returns at once.
  return size === 0 && kind === SOCK_STREAM ? NOTHING : channel.tryReceive(size, peek);
}

/** What `recvfrom()` returns; `null` while there is nothing. */
export function tryReceiveFrom(channel: Channel, kind: SocketKind, size: number, peek: boolean): Datagram | null {
  if (kind !== SOCK_STREAM) {
    const datagram = channel.tryReceiveFrom(size, peek);
    return datagram === null ? null : [datagram.data, datagram.address, datagram.truncated];
  }
  const data = tryReceive(channel, kind, size, peek);
  return data === null ? null : [data, peerOf(channel) ?? "", false];
}

/** The other end of a connection, or `null` while there is none. */
export function peerOf(channel: Channel): Address | null {
  try {
    return channel.getpeername();
  } catch {
    return null;
  }
}

/** What `connectEx()` returns for an error of `connect()`. @throws the error where it has no number, such as a GaiError */
export function connectErrno(error: unknown): number {
  const errno = Math.abs(errnoOf(codeOf(error)));
  if (errno === 0) throw error;
  return errno;
}
