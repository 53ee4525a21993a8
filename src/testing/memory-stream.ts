/**
 * A connection in memory: two ends that read what the other one writes, without a socket.
 *
 * @module
 */

import { BrokenPipeError, BusyResourceError, closedError } from "../core/errors.js";
import type { ByteSink, ByteSource } from "../core/stream/byte-stream.js";

/** What {@link memoryStreamPair} may be told. */
export interface MemoryStreamOptions {
  /** How many bytes one direction holds before `sendall()` waits for the reader. 65,536 by default. */
  readonly capacity?: number | undefined;
}

/**
 * Makes two connected ends, for testing handlers and framings without a socket. Nothing in it depends on time.
 *
 * @throws RangeError for a capacity that is not a whole number, 1 or more.
 * @example
 * ```ts
 * const [client, server] = memoryStreamPair();
 * await client.sendall(Buffer.from("hello\n"));
 * client.shutdown();
 * await new StreamReader(server).readline(); // "hello\n"
 * ```
 */
export function memoryStreamPair(options: MemoryStreamOptions = {}): [MemoryStream, MemoryStream] {
  const { capacity = 65_536 } = options;
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new RangeError(`Cannot use capacity ${capacity}: it is a whole number of bytes, 1 or more.`);
  }
  const there = new Direction(capacity);
  const back = new Direction(capacity);
  return [new MemoryStream(back, there), new MemoryStream(there, back)];
}

/** One end of a connection in memory. It behaves as a connected stream socket does. */
export class MemoryStream implements ByteSource, ByteSink {
  readonly #incoming: Direction;
  readonly #outgoing: Direction;
  #closed = false;

  /** @internal {@link memoryStreamPair} makes both ends. */
  constructor(incoming: Direction, outgoing: Direction) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  /**
   * Receives what is there, and waits while nothing is. What two `sendall()` sent never comes as one: a test decides how
   * its bytes are cut. Source: `socket.recv`.
   *
   * @param size the most bytes to return, 1 or more.
   * @returns the bytes, or an empty Buffer when the other end has shut down or closed.
   * @throws BusyResourceError when another `recv()` of this end is waiting.
   * @throws ClosedResourceError after {@link close}; after {@link fail}, once all is read, its error.
   */
  async recv(size: number): Promise<Buffer> {
    if (this.#closed) throw closedError("receive from the memory stream", "recv");
    return this.#incoming.receive(size);
  }

  /**
   * Sends all the bytes; waits while the other end's buffer is full. They are copied. Source: `socket.sendall`.
   *
   * @throws BusyResourceError when another `sendall()` of this end is waiting.
   * @throws BrokenPipeError after {@link shutdown}, and when the other end is closed.
   * @throws ClosedResourceError after {@link close}; after {@link fail}, its error.
   */
  async sendall(data: Uint8Array): Promise<void> {
    if (this.#closed) throw closedError("send to the memory stream", "send");
    await this.#outgoing.send(data);
  }

  /** Ends the sending: the other end reads what is left, then the end of the stream. Idempotent. Source: `socket.shutdown`. */
  shutdown(): void {
    this.#outgoing.end(brokenPipe("this side has shut down its sending"));
  }

  /**
   * Closes this end: what waits on it fails, the other end reads what is left and then the end of the stream, and can no
   * longer send. Idempotent. Source: `socket.close`.
   */
  close(): void {
    this.#closed = true;
    this.#incoming.discard();
    this.#break(closedError("use the memory stream", "close"));
  }

  /**
   * Breaks the connection as seen from this end: its calls fail with `error`, those that wait and all later ones, though
   * what had arrived can still be read. For the other end it is as if this one was closed.
   *
   * @param error for instance a `ConnectionResetError` or a `TimeoutError`.
   */
  fail(error: Error): void {
    this.#break(error);
  }

  #break(error: Error): void {
    this.#incoming.stop(error);
    this.#outgoing.end(error);
  }
}

/** One direction: a queue of bytes with one sender and one receiver. */
class Direction {
  readonly #capacity: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** Why nothing more is sent, for the sender; the receiver reads what is left, and then the end. */
  #ended: Error | undefined;
  /** Why nothing more is received, for the receiver. */
  #stopped: Error | undefined;
  #wakeReceiver: (() => void) | undefined;
  #wakeSender: (() => void) | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async receive(size: number): Promise<Buffer> {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`Cannot receive ${size} bytes: it is 1 or more.`);
    if (this.#wakeReceiver !== undefined) throw busy("recv");
    while (this.#size === 0) {
      if (this.#stopped !== undefined) throw this.#stopped;
      if (this.#ended !== undefined) return Buffer.alloc(0);
      await new Promise<void>((resolve) => {
        this.#wakeReceiver = resolve;
      });
      this.#wakeReceiver = undefined;
    }
    return this.#shift(size);
  }

  async send(data: Uint8Array): Promise<void> {
    if (this.#wakeSender !== undefined) throw busy("sendall");
    let sent = 0;
    do {
      if (this.#ended !== undefined) throw this.#ended;
      if (this.#stopped !== undefined) throw brokenPipe("the other side is closed");
      const piece = Buffer.from(data.subarray(sent, sent + this.#capacity - this.#size));
      if (piece.length > 0) this.#push(piece);
      sent += piece.length;
      if (sent < data.length) {
        await new Promise<void>((resolve) => {
          this.#wakeSender = resolve;
        });
        this.#wakeSender = undefined;
      }
    } while (sent < data.length);
  }

  /** The sender sends no more. The first reason stands. */
  end(reason: Error): void {
    this.#ended ??= reason;
    this.#wake();
  }

  /** The receiver receives no more, once it has read what is there. The first reason stands. */
  stop(reason: Error): void {
    this.#stopped ??= reason;
    this.#wake();
  }

  /** Throws away what is there. */
  discard(): void {
    this.#chunks.length = 0;
    this.#size = 0;
  }

  #push(piece: Buffer): void {
    this.#chunks.push(piece);
    this.#size += piece.length;
    this.#wakeReceiver?.();
  }

  #shift(size: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    const chunk = first.subarray(0, size);
    if (chunk.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(size);
    this.#size -= chunk.length;
    this.#wakeSender?.();
    return chunk;
  }

  #wake(): void {
    this.#wakeReceiver?.();
    this.#wakeSender?.();
  }
}

function busy(call: string): BusyResourceError {
  const message = `Cannot ${call}: another ${call} of this memory stream is still waiting (EBUSY)`;
  return new BusyResourceError(message, { code: "EBUSY", syscall: call });
}

function brokenPipe(reason: string): BrokenPipeError {
  return new BrokenPipeError(`Cannot sendall: ${reason} (EPIPE)`, { code: "EPIPE", syscall: "send" });
}
