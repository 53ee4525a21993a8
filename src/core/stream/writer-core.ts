/**
 * {@link WriterCore}: the writes of a byte stream, once for writers that await and writers that block.
 *
 * @module
 */

import { closedError } from "../errors.js";
import { type FileHost, type Result, toBytes, type WriteQueue } from "./byte-stream.js";

/** What a writer of bytes may be told. */
export interface StreamWriterOptions {
  /**
   * Up to how many bytes are collected before they have to leave. 0: none, every write is sent at once, `writelines()` as one.
   * 65,536 by default for a {@link StreamWriter}, 0 for a {@link BlockingStreamWriter}.
   */
  readonly bufferSize?: number | undefined;
}

/** Pieces up to this size are joined by `writelines()`; larger ones are sent as they are. */
const LARGE_WRITE = 16_384;
/** Bytes that may be collected by a call that flushes them when it ends. */
const JOINING_BOUND = 65_536;

/** The writes of {@link StreamWriter}, which promises, and {@link BlockingStreamWriter}, which blocks. */
export abstract class WriterCore<Mode extends "await" | "block"> {
  #queue: WriteQueue | null = null;
  readonly #bound: number;
  #isClosed = false;
  #host: FileHost | null = null;

  /** @internal */
  constructor(bound: number) {
    if (!Number.isInteger(bound) || bound < 0) {
      throw new RangeError(`Cannot use bufferSize ${bound}: it is a whole number, 0 or more.`);
    }
    this.#bound = bound;
  }

  /** @internal Gets or makes the queue, for the first write: many connections never write. */
  protected abstract getQueue(): WriteQueue;

  #openQueue(): WriteQueue {
    this.#queue ??= this.getQueue();
    return this.#queue;
  }

  /** @internal Makes a call, and its outcome what this face returns. */
  abstract perform<Value>(call: () => Value | Promise<Value>): Result<Mode, Value>;

  /** Flushes and ends the writing. The sink stays open. Idempotent. */
  abstract close(): Result<Mode, void>;

  /** @internal Counts as an open file of a connection until it is closed. */
  holdOpen(host: FileHost): void {
    this.#host = host;
    host.addFile?.();
  }

  /** @internal As `write()`, within {@link perform}. */
  put(data: string | Uint8Array): number | Promise<number> {
    this.#assertOpen("write");
    checkData(data);
    return this.#openQueue().write(data, this.#bound);
  }

  /** @internal Ends the writing, once. @returns what flushes it; `null` when there is nothing to send */
  protected end(): Promise<void> | null {
    this.#isClosed = true;
    return this.#queue?.flush() ?? null;
  }

  /** @internal Lets go of the connection. One that waited for its last file to be closed is closed then. */
  protected release(): void {
    const host = this.#host;
    this.#host = null;
    host?.removeFile?.();
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** Whether this is something to write to: true until `close()`. Source: `io.IOBase.writable`. */
  writable(): boolean {
    return !this.#isClosed;
  }

  /**
   * Writes all of the data, whatever its size. It returns when the bytes are safely collected, within the bound, or sent; a peer
   * that does not read makes it wait. Source: `io.RawIOBase.write` as `wfile` has it.
   *
   * @param data bytes, or a string that is sent as UTF-8. Bytes must not change until the call has ended.
   * @returns the number of bytes (not of characters).
   * @throws ClosedResourceError after `close()`. BusyResourceError when earlier writes of more than 16 MiB wait: await them.
   *   Whatever the sink throws, also what bytes that were collected before have failed with.
   */
  write(data: string | Uint8Array): Result<Mode, number> {
    return this.perform(() => this.put(data));
  }

  /**
   * Writes several pieces, as one {@link write}; nothing is put between them. Small pieces are joined and sent as one, large ones
   * (16 KiB and more) are sent as they are, not copied. Source: `io.IOBase.writelines`.
   *
   * @param lines pieces as {@link write} takes them. All of them are held at once: write what is endless piece by piece.
   * @throws TypeError for a piece that is neither, before anything is written; else as {@link write}.
   */
  writelines(lines: Iterable<string | Uint8Array>): Result<Mode, void> {
    return this.perform(() => {
      this.#assertOpen("write");
      const pieces = [...lines];
      for (const piece of pieces) checkData(piece);
      return this.#putAll(pieces.filter((piece) => piece.length > 0));
    });
  }

  /**
   * Sends what was collected, and returns when everything that was written before has left. Source: `io.IOBase.flush`.
   *
   * @throws ClosedResourceError after `close()`; whatever the sink throws.
   */
  flush(): Result<Mode, void> {
    return this.perform<void>(() => {
      this.#assertOpen("flush");
      return this.#queue?.flush() ?? undefined;
    });
  }

  #putAll(pieces: readonly (string | Uint8Array)[]): void | Promise<void> {
    const queue = this.#openQueue();
    for (let index = 0; index < pieces.length; index++) {
      // Only the last one may have to leave before the call ends.
      const bound = index === pieces.length - 1 && this.#bound > 0 ? this.#bound : JOINING_BOUND;
      const outcome = queue.write(pieces[index] ?? "", bound, index > 0);
      if (typeof outcome !== "number") return this.#putRest(queue, outcome, joinSmall(pieces.slice(index + 1)));
    }
    return this.#bound === 0 ? (queue.flush() ?? undefined) : undefined;
  }

  /** The peer does not read: all pieces wait in line, before anything that is written later. */
  #putRest(queue: WriteQueue, first: Promise<unknown>, pieces: readonly Uint8Array[]): Promise<void> {
    const waiting = [first];
    try {
      for (const piece of pieces) waiting.push(Promise.resolve(queue.write(piece, JOINING_BOUND, true)));
      const flushed = this.#bound === 0 ? queue.flush() : null;
      if (flushed !== null) waiting.push(flushed);
    } catch (error) {
      waiting.push(Promise.reject(error));
    }
    return Promise.all(waiting).then(ignore);
  }

  #assertOpen(action: string): void {
    if (this.#isClosed) throw closedError(action, "send");
  }
}

/** @throws TypeError for what is neither text nor bytes */
function checkData(data: string | Uint8Array): void {
  if (typeof data !== "string") toBytes(data);
}

function joinSmall(lines: readonly (string | Uint8Array)[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  for (const line of lines) {
    const bytes = toBytes(line);
    if (bytes.length < LARGE_WRITE) {
      small.push(bytes);
      continue;
    }
    if (small.length > 0) pieces.push(Buffer.concat(small));
    small = [];
    pieces.push(bytes);
  }
  if (small.length > 0) pieces.push(Buffer.concat(small));
  return pieces;
}

function ignore(): void {}
