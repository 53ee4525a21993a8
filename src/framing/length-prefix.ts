/**
 * {@link LengthPrefixedReader} and {@link LengthPrefixedWriter}: messages over a stream, each with its length before it.
 *
 * @module
 */

import { IncompleteReadError, LimitOverrunError } from "../core/errors.js";
import type { ByteSink, ByteSource } from "../core/stream/byte-stream.js";
import { toBytes } from "../core/stream/byte-stream.js";
import { StreamReader } from "../core/stream/reader.js";

/** What messages may be. */
export interface LengthPrefixOptions {
  /** The most bytes of a message, its length not counted. 1,048,576 (1 MiB) by default; 4,294,967,295 at most. */
  readonly maxLength?: number | undefined;
}

/** Something that takes pieces and sends them as one: a handler's `wfile`, or what `makefile("wb")` returns. */
export interface MessageFile {
  writelines(pieces: Iterable<Uint8Array>): Promise<void>;
}

/** Bytes of the length, which is a whole number without a sign, its first byte the highest. Python: `struct.pack("!I", …)`. */
const PREFIX_SIZE = 4;
const MOST = 0xffff_ffff;
const DEFAULT_MAX_LENGTH = 1_048_576;

/**
 * Reads messages, each of which follows its length: four bytes, the highest first.
 *
 * What a length promises is neither believed nor reserved: one over `maxLength` is refused before anything more is read, and
 * memory is taken as the bytes arrive.
 *
 * @example
 * ```ts
 * for await (const message of new LengthPrefixedReader(socket)) console.log(message.toString());
 * ```
 */
export class LengthPrefixedReader implements AsyncIterable<Buffer> {
  readonly #reader: StreamReader;
  readonly #maxLength: number;
  #broken: LimitOverrunError | null = null;

  /**
   * @param source a handler's `rfile`, or what `makefile("rb")` returns; or a `Socket`, which the reader then has for itself:
   *   it reads ahead. Closing it remains its owner's business.
   * @throws RangeError for a limit that is none.
   */
  constructor(source: StreamReader | ByteSource, options: LengthPrefixOptions = {}) {
    this.#reader = "recv" in source ? new StreamReader(source) : source;
    this.#maxLength = checkMaxLength(options);
  }

  /**
   * Reads the next message.
   *
   * @returns its bytes, which may be none; `null` at the end of the stream.
   * @throws LimitOverrunError when it is to be longer than `maxLength`. Where the next one begins is unknown then: every
   *   later call throws it again. IncompleteReadError when the stream ends within a message. What the source throws.
   */
  async read(): Promise<Buffer | null> {
    if (this.#broken !== null) throw this.#broken;
    const prefix = await this.#reader.read(PREFIX_SIZE);
    if (prefix.length === 0) return null;
    if (prefix.length < PREFIX_SIZE) {
      const message = `Cannot read a message: the stream ended within its length, after ${prefix.length} bytes (ENODATA)`;
      throw new IncompleteReadError(message, prefix, PREFIX_SIZE);
    }
    const length = prefix.readUInt32BE();
    if (length > this.#maxLength) {
      this.#broken = tooLong(length, this.#maxLength);
      throw this.#broken;
    }
    return await this.#reader.readexactly(length);
  }

  /** Iterates over the messages, as {@link read} returns them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (let message = await this.read(); message !== null; message = await this.read()) yield message;
  }
}

/**
 * Writes messages, each after its length, as {@link LengthPrefixedReader} reads them.
 *
 * @example
 * ```ts
 * await new LengthPrefixedWriter(socket).write("hello");
 * ```
 */
export class LengthPrefixedWriter {
  readonly #send: (message: Uint8Array) => Promise<void>;

  /**
   * @param sink a handler's `wfile`, a file, or a `Socket`. A file that collects what is written sends it as it does other writes.
   * @throws RangeError for a limit that is none.
   */
  constructor(sink: MessageFile | ByteSink, options: LengthPrefixOptions = {}) {
    checkMaxLength(options);
    this.#send =
      "sendall" in sink
        ? (message) => sink.sendall(prefixLength(message, options))
        : (message) => sink.writelines([prefixLength(message, options)]);
  }

  /**
   * Writes a message, and waits until the sink has taken it.
   *
   * @param message bytes, or a string that is sent as UTF-8.
   * @throws RangeError when it is longer than `maxLength`; nothing of it is sent then. What the sink throws.
   */
  async write(message: string | Uint8Array): Promise<void> {
    await this.#send(toBytes(message));
  }
}

/** A message with its length before it, in new memory. @throws RangeError when it is longer than `maxLength` */
export function prefixLength(message: Uint8Array, options: LengthPrefixOptions = {}): Buffer {
  const maxLength = checkMaxLength(options);
  if (message.length > maxLength) {
    throw new RangeError(
      `Cannot write a message of ${message.length} bytes: it may have ${maxLength}. Raise maxLength.`,
    );
  }
  const whole = Buffer.allocUnsafe(PREFIX_SIZE + message.length);
  whole.writeUInt32BE(message.length);
  whole.set(message, PREFIX_SIZE);
  return whole;
}

/**
 * The message of a datagram, which holds one after its length: so one that was cut on its way is noticed.
 *
 * @throws IncompleteReadError when bytes are missing; LimitOverrunError when there are too many of them.
 */
export function unprefixLength(datagram: Buffer): Buffer {
  const length = datagram.length < PREFIX_SIZE ? PREFIX_SIZE : PREFIX_SIZE + datagram.readUInt32BE();
  if (datagram.length < length) {
    const message = `Cannot read a message: the datagram has ${datagram.length} bytes of ${length} (ENODATA)`;
    throw new IncompleteReadError(message, datagram, length);
  }
  if (datagram.length > length) {
    const message = `Cannot read a message: the datagram has ${datagram.length} bytes instead of ${length} (EMSGSIZE)`;
    throw new LimitOverrunError(message, length);
  }
  return datagram.subarray(PREFIX_SIZE);
}

function tooLong(length: number, maxLength: number): LimitOverrunError {
  const message = `Cannot read a message of ${length} bytes: it may have ${maxLength} (EMSGSIZE). Raise maxLength.`;
  return new LimitOverrunError(message, maxLength);
}

function checkMaxLength({ maxLength = DEFAULT_MAX_LENGTH }: LengthPrefixOptions): number {
  if (Number.isInteger(maxLength) && maxLength >= 0 && maxLength <= MOST) return maxLength;
  throw new RangeError(`Cannot use ${maxLength} as maxLength: it takes a whole number of bytes from 0 to ${MOST}.`);
}
