/**
 * Where bytes come from and where they go: the interfaces that every reader, writer and framing rests on.
 *
 * A `Socket` is a source and a sink, a `BlockingSocket` is a blocking one. So is each end of `memoryStreamPair()`, with which a
 * handler is tested without a socket.
 *
 * @module
 */

import { inspect } from "node:util";

/** What a call of either kind returns: its value, or a promise of it. */
export type Result<Mode extends "await" | "block", Value> = Mode extends "block" ? Value : Promise<Value>;

/**
 * Waits for the next bytes of a stream, once: exactly one of its methods is called.
 *
 * A call of `recv()` that waits is one, and so is a reader that waits.
 */
export interface ByteReceiver {
  /** The most bytes to deliver, 1 or more. */
  readonly wanted: number;
  /** Takes the bytes, from 1 to `wanted`; none at the end of the stream. They belong to the receiver. */
  onBytes(bytes: Buffer): void;
  /** No bytes come: a time-out, a broken or closed connection. */
  onError(error: unknown): void;
  /** Gives up what it has received and not passed on, for whoever gets the connection next. */
  takeBuffered?(): Buffer;
}

/** What writers write to: a queue of bytes that leave in the order of the calls. */
export interface WriteQueue {
  /**
   * Writes all of the data.
   *
   * @param data bytes, which are copied or sent before the outcome is there, or a string that is sent as UTF-8.
   * @param bound up to how many bytes may wait, collected, for more of them.
   * @param continues whether it is a further piece of one call: it is not refused then, whatever waits.
   * @returns the number of bytes (not of characters) when they are safely queued; a promise of it when they first have to leave.
   * @throws what an earlier write has failed with.
   */
  write(data: string | Uint8Array, bound: number, continues?: boolean): number | Promise<number>;
  /** Sends what was collected. @returns `null` when all has left */
  flush(): Promise<void> | null;
}

/** What its files keep open: a socket whose `close()` takes effect when the last of them is closed, as in Python. */
export interface FileHost {
  /** @internal A file over it was made. */
  addFile?(): void;
  /** @internal A file over it was closed, with everything that was written to it sent. */
  removeFile?(): void;
}

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
  /**
   * @internal The same without a promise. It may call the receiver before it returns; what it then does counts as a call, in the
   * sense of `turn.ts`.
   */
  receive?(receiver: ByteReceiver): void;
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
  /** @internal What its own calls go through, so that what is written to the sink and what is sent keep their order. */
  readonly sendQueue?: WriteQueue;
}

/** Something that bytes are received from by a call that returns them. A `BlockingSocket` is one. */
export interface BlockingByteSource {
  /**
   * Receives what is there, and blocks while nothing is. Source: `socket.recv`.
   *
   * @param size the most bytes to return, 1 or more.
   * @returns from 1 to `size` bytes that belong to the caller, or an empty Buffer at the end of the stream, then and on every
   *   later call.
   */
  recv(size: number): Buffer;
}

/** Something that bytes are sent to by a call that returns when they are sent. A `BlockingSocket` is one. */
export interface BlockingByteSink {
  /**
   * Sends all the bytes, and blocks while the other side does not take them. Source: `socket.sendall`.
   *
   * @param data the bytes; the caller's again when the call returns.
   */
  sendall(data: Uint8Array): void;
  /**
   * @internal What its own calls go through, so that what is written to the sink and what is sent keep their order; its receiving
   * calls flush it before they block.
   */
  readonly sendQueue?: WriteQueue;
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
