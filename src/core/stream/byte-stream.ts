/**
 * Where bytes come from and where they go: the two interfaces that every reader, writer and framing rests on.
 *
 * A `Socket` is both. So is each end of `memoryStreamPair()`, with which a handler is tested without a socket.
 *
 * @module
 */

import { inspect } from "node:util";

/** Something that bytes are received from. A `Socket` is one. */
export interface ByteSource {
  /**
   * Receives what is there, and waits while nothing is. Source: `socket.recv`.
   *
   * @param size the most bytes to return, 1 or more.
   * @returns from 1 to `size` bytes that belong to the caller (the source does not write to them again), or an empty
   *   Buffer at the end of the stream, then and on every later call.
   * @throws TimeoutError, ConnectionResetError and the like: whatever broke the stream.
   */
  recv(size: number): Promise<Buffer>;
}

/** Something that bytes are sent to. A `Socket` is one. */
export interface ByteSink {
  /**
   * Sends all the bytes, and waits while the other side does not take them. Source: `socket.sendall`.
   *
   * @param data the bytes. They must not change until the promise settles; then they are the caller's again.
   * @throws BrokenPipeError and the like. How much was sent before is then unknown.
   */
  sendall(data: Uint8Array): Promise<void>;
}

/**
 * The bytes of what a caller wants to send: a string as UTF-8, bytes as they are.
 *
 * @throws TypeError naming the value, when it is neither.
 */
export function toBytes(data: string | Uint8Array): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof Uint8Array) return data;
  throw new TypeError(
    `Cannot send ${inspect(data)}: give a string or bytes, such as String(value) or JSON.stringify(value).`,
  );
}
