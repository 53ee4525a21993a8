/**
 * {@link ReadBuffer}: bytes that have arrived and were not read; and {@link Reading}: what each kind of read takes out of them.
 *
 * Nothing here waits: readers that await their source and readers that block use the same.
 *
 * @module
 */

import { defaults } from "../defaults.js";
import { IncompleteReadError, LimitOverrunError } from "../errors.js";

const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** The most that is asked of a source in one go. */
const CHUNK_SIZE = defaults.readBufferSize;

/** What a reader of bytes may be told. */
export interface StreamReaderOptions {
  /**
   * How many bytes are received at a time, 65,536 by default. With 0 the reader never takes more from its source than it
   * returns, so that reads and `recv()` can be mixed, as in Python; lines then arrive byte by byte, which is slow.
   */
  readonly bufferSize?: number | undefined;
  /** The longest line, with its end, in bytes; also the longest result of `readuntil()`. 65,536 by default. */
  readonly maxLineLength?: number | undefined;
  /** The most bytes that a read to the end of the stream returns, or that `peek()` waits for. 67,108,864 (64 MiB) by default. */
  readonly maxReadSize?: number | undefined;
}

/**
 * One read: try to take the result out of the bytes that have arrived; while they are too few, receive more and try again.
 * Nothing is taken before the whole result is there, so a read that fails leaves its bytes to the next one.
 */
export interface Reading<Value> {
  /** How many bytes the read is about, as far as it knows; decides how much is received at once. */
  readonly wanted: number;
  /** Whether what is there may still be taken after a read has timed out: true for text. */
  readonly allowedAfterTimeout?: boolean;
  /** Takes the result out of the unread bytes; `undefined` asks for more, which it may not once they `ended`. */
  take(buffer: ReadBuffer, ended: boolean): Value | undefined;
}

/** The unread bytes of one reader. */
export class ReadBuffer {
  /** The longest line, with its end, in bytes. */
  readonly maxLineLength: number;
  /** The most bytes that a read to the end of the stream returns. */
  readonly maxReadSize: number;
  readonly #bufferSize: number;
  // The unread bytes are `#bytes` from `#start` on. `#bytes` is the used front of `#storage`, and new bytes are only ever
  // written behind it: never over bytes that a caller may still hold a view on.
  #storage = NOTHING;
  #bytes = NOTHING;
  #start = 0;
  /** So many of the unread bytes hold no newline: none of them is searched twice. */
  #searched = 0;

  /** @throws RangeError for an option that is not a whole number in its range. */
  constructor(options: StreamReaderOptions) {
    this.#bufferSize = checkOption("bufferSize", options.bufferSize ?? defaults.readBufferSize, 0);
    this.maxLineLength = checkOption("maxLineLength", options.maxLineLength ?? defaults.maxLineLength, 1);
    this.maxReadSize = checkOption("maxReadSize", options.maxReadSize ?? defaults.maxReadSize, 1);
  }

  /** How many bytes are unread. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** How much to receive next, for a read that wants so many bytes. */
  shortage(wanted: number): number {
    return Math.max(1, this.#bufferSize, Math.min(wanted - this.length, CHUNK_SIZE));
  }

  /** Adds a chunk behind the unread bytes. The storage doubles when it is full, so a byte is moved a few times at most. */
  append(chunk: Buffer): void {
    const unread = this.length;
    if (unread === 0) {
      this.#storage = this.#bytes = chunk;
      this.#start = 0;
      return;
    }
    if (this.#storage.length - this.#bytes.length < chunk.length) {
      this.#storage = Buffer.allocUnsafe(2 * (unread + chunk.length));
      this.#bytes.copy(this.#storage, 0, this.#start);
      this.#start = 0;
    }
    const end = this.#start + unread;
    chunk.copy(this.#storage, end);
    this.#bytes = this.#storage.subarray(0, end + chunk.length);
  }

  /** Puts bytes in front of the unread ones. Where they were just taken from there, nothing is copied. */
  unread(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    this.#searched = 0;
    const front = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    if (this.length === 0) {
      this.#storage = this.#bytes = front;
      this.#start = 0;
    } else if (this.#start >= length && this.#follow(front)) {
      this.#start -= length;
    } else {
      this.#storage = this.#bytes = Buffer.concat([front, this.view()]);
      this.#start = 0;
    }
  }

  /** Whether the unread bytes follow these in memory. */
  #follow(front: Buffer): boolean {
    const { buffer, byteOffset } = this.#bytes;
    return buffer === front.buffer && byteOffset + this.#start === front.byteOffset + front.length;
  }

  /** Takes so many bytes, no more than there are. */
  take(length: number): Buffer {
    const end = this.#start + length;
    const taken = this.#bytes.subarray(this.#start, end);
    if (end === this.#bytes.length) {
      this.forget();
    } else {
      this.#start = end;
      this.#searched = Math.max(0, this.#searched - length);
    }
    return taken;
  }

  /**
   * Takes a line, with its end.
   *
   * @param size the most bytes to take, negative for the whole line.
   * @param ended whether the last bytes are a line without an end, too.
   * @returns the line; `undefined` while it is not there.
   * @throws LimitOverrunError for a longer line, where no size is given.
   */
  takeLine(size: number, ended: boolean): Buffer | undefined {
    const newline = this.#bytes.indexOf(NEWLINE, this.#start + this.#searched);
    this.#searched = newline === -1 ? this.length : newline - this.#start;
    const length = newline === -1 ? this.#searched : this.#searched + 1;
    if (size >= 0 && length >= size) return this.take(size);
    if (size < 0 && length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
    return newline !== -1 || ended ? this.take(length) : undefined;
  }

  /** The unread bytes, which stay. */
  view(): Buffer {
    return this.#bytes.subarray(this.#start);
  }

  /** Where a value begins among the unread bytes, from one of them on; -1 when it is not there. */
  indexOf(value: Buffer | number, from: number): number {
    const found = this.#bytes.indexOf(value, this.#start + from);
    return found === -1 ? -1 : found - this.#start;
  }

  /** Lets go of the memory: an idle connection holds none. */
  forget(): void {
    this.#storage = this.#bytes = NOTHING;
    this.#start = this.#searched = 0;
  }
}

// ── the reads ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** `readline()` without a size: it is the same for all readers. */
export const WHOLE_LINE: Reading<Buffer> = { wanted: 1, take: (buffer, ended) => buffer.takeLine(-1, ended) };

/** See `StreamReader.read`. */
export function read(size: number): Reading<Buffer> {
  const take = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    checkSize(size);
    if (size >= 0 && buffer.length >= size) return buffer.take(size);
    if (size < 0 && buffer.length > buffer.maxReadSize) throw readTooLong(buffer.maxReadSize);
    return ended ? buffer.take(buffer.length) : undefined;
  };
  return { wanted: size < 0 ? Number.POSITIVE_INFINITY : size, take };
}

/** See `StreamReader.read1`. */
export function read1(size: number): Reading<Buffer> {
  const take = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    checkSize(size);
    const length = size < 0 ? buffer.length : Math.min(size, buffer.length);
    return length > 0 || size === 0 || ended ? buffer.take(length) : undefined;
  };
  return { wanted: size < 0 ? CHUNK_SIZE : size, take };
}

/** See `StreamReader.peek`. */
export function peek(size: number): Reading<Buffer> {
  const look = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    checkSize(size, 0);
    if (size > buffer.maxReadSize) throw peekTooLong(size, buffer.maxReadSize);
    return buffer.length >= size || ended ? buffer.view() : undefined;
  };
  return { wanted: size, take: look };
}

/** See `StreamReader.readline`. */
export function readline(size: number): Reading<Buffer> {
  const take = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    checkSize(size);
    return buffer.takeLine(size, ended);
  };
  return { wanted: 1, take };
}

/** See `StreamReader.readlines`. */
export function readlines(hint: number): Reading<Buffer[]> {
  const ends: number[] = [];
  let length = 0;
  let searched = 0;
  const take = (buffer: ReadBuffer, ended: boolean): Buffer[] | undefined => {
    checkSize(hint);
    while (hint <= 0 || length <= hint) {
      const newline = buffer.indexOf(NEWLINE, searched);
      const end = newline === -1 ? buffer.length : newline + 1;
      if (end - length > buffer.maxLineLength) throw lineTooLong(buffer.maxLineLength);
      if (hint <= 0 && end > buffer.maxReadSize) throw readTooLong(buffer.maxReadSize);
      searched = end;
      if (newline === -1 && !ended) return undefined;
      if (end === length) break;
      ends.push(end);
      length = end;
    }
    const all = buffer.take(length);
    return ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end));
  };
  return { wanted: hint > 0 ? 1 : Number.POSITIVE_INFINITY, take };
}

/** See `StreamReader.readexactly`. */
export function readexactly(size: number): Reading<Buffer> {
  const take = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    checkSize(size, 0);
    if (buffer.length >= size) return buffer.take(size);
    if (!ended) return undefined;
    const partial = buffer.take(buffer.length);
    const message = `Cannot read ${size} bytes: the stream ended after ${partial.length} (ENODATA)`;
    throw new IncompleteReadError(message, partial, size);
  };
  return { wanted: size, take };
}

/** See `StreamReader.readuntil`. */
export function readuntil(separator: string | Uint8Array): Reading<Buffer> {
  const wanted = bytesOf(separator);
  let searched = 0;
  const take = (buffer: ReadBuffer, ended: boolean): Buffer | undefined => {
    if (wanted.length === 0) throw new RangeError("Cannot read up to an empty separator: give at least one byte.");
    const found = buffer.indexOf(wanted, searched);
    const length = found === -1 ? buffer.length : found + wanted.length;
    if (length > buffer.maxLineLength) throw lineTooLong(buffer.maxLineLength);
    if (found !== -1) return buffer.take(length);
    if (ended) {
      const message = `Cannot read up to ${JSON.stringify(wanted.toString())}: the stream ended before it (ENODATA)`;
      throw new IncompleteReadError(message, buffer.take(length), null);
    }
    // The separator may have begun in the last bytes.
    searched = Math.max(0, length - wanted.length + 1);
    return undefined;
  };
  return { wanted: 1, take };
}

let latestSeparator: readonly [text: string, bytes: Buffer] = ["", NOTHING];

/** The bytes of a separator. A protocol has few, and asks for the same one again and again. */
function bytesOf(separator: string | Uint8Array): Buffer {
  if (typeof separator !== "string") return Buffer.from(separator);
  if (separator !== latestSeparator[0]) latestSeparator = [separator, Buffer.from(separator)];
  return latestSeparator[1];
}

/** Checks how many bytes a caller asks for. @throws RangeError when that is not a whole number, or less than `least` */
export function checkSize(size: number, least = Number.NEGATIVE_INFINITY): void {
  if (Number.isInteger(size) && size >= least) return;
  throw new RangeError(`Cannot read ${size} bytes: a size is a whole number${least === 0 ? ", 0 or more" : ""}.`);
}

function lineTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxLineLength, or read it in pieces with a size.";
  return new LimitOverrunError(`Cannot read a line of more than ${limit} bytes (EMSGSIZE). ${remedy}`, limit);
}

function readTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxReadSize, or read in pieces with a size.";
  return new LimitOverrunError(`Cannot read more than ${limit} bytes to the end (EMSGSIZE). ${remedy}`, limit);
}

function peekTooLong(size: number, limit: number): LimitOverrunError {
  return new LimitOverrunError(
    `Cannot peek at ${size} bytes: at most ${limit} are kept (EMSGSIZE). Raise maxReadSize.`,
    limit,
  );
}

function checkOption(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it is a whole number, ${least} or more.`);
}
