/**
 * {@link ReadBuffer}: bytes that have arrived and were not read, and what each kind of read takes out of them.
 *
 * Nothing here waits: it is what a reader that awaits its source and one that blocks have in common.
 *
 * @module
 */

import { defaults } from "../defaults.js";
import { closedError, IncompleteReadError, LimitOverrunError, OSError } from "../errors.js";

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
  /** The most bytes that a read to the end of the stream returns. 67,108,864 (64 MiB) by default. */
  readonly maxReadSize?: number | undefined;
}

/**
 * One read: try to take the result out of the bytes that have arrived; while they are too few, receive more and try again.
 * Nothing is taken before the whole result is there, so a read that fails leaves its bytes to the next one.
 */
export interface Reading<Result> {
  /** How many bytes the read is about, as far as it knows; decides how much is received at once. */
  readonly wanted: number;
  /** Takes the result out of the unread bytes; `undefined` asks for more, which it may not once they `ended`. */
  take(ended: boolean): Result | undefined;
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

  /** @throws RangeError for an option that is not a whole number in its range. */
  constructor(options: StreamReaderOptions) {
    this.#bufferSize = checkOption("bufferSize", options.bufferSize ?? defaults.readBufferSize, 0);
    this.maxLineLength = checkOption("maxLineLength", options.maxLineLength ?? defaults.maxLineLength, 1);
    this.maxReadSize = checkOption("maxReadSize", options.maxReadSize ?? defaults.maxReadSize, 1);
  }

  get #unread(): number {
    return this.#bytes.length - this.#start;
  }

  /** How much to receive next, for a read that wants so many bytes. */
  shortage(wanted: number): number {
    return Math.max(1, this.#bufferSize, Math.min(wanted - this.#unread, CHUNK_SIZE));
  }

  /** Adds a chunk behind the unread bytes. The storage doubles when it is full, so a byte is moved a few times at most. */
  append(chunk: Buffer): void {
    const unread = this.#unread;
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

  #take(length: number): Buffer {
    const end = this.#start + length;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = end;
    if (end === this.#bytes.length) this.forget();
    return taken;
  }

  /** Lets go of the memory: an idle connection holds none. */
  forget(): void {
    this.#storage = this.#bytes = NOTHING;
    this.#start = 0;
  }

  // ── the reads ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** See `StreamReader.read`. */
  read(size: number): Reading<Buffer> {
    const take = (ended: boolean): Buffer | undefined => {
      checkSize(size);
      if (size >= 0 && this.#unread >= size) return this.#take(size);
      if (size < 0 && this.#unread > this.maxReadSize) throw readTooLong(this.maxReadSize);
      return ended ? this.#take(this.#unread) : undefined;
    };
    return { wanted: size < 0 ? Number.POSITIVE_INFINITY : size, take };
  }

  /** See `StreamReader.read1`. */
  read1(size: number): Reading<Buffer> {
    const take = (ended: boolean): Buffer | undefined => {
      checkSize(size);
      const length = size < 0 ? this.#unread : Math.min(size, this.#unread);
      return length > 0 || size === 0 || ended ? this.#take(length) : undefined;
    };
    return { wanted: size < 0 ? CHUNK_SIZE : size, take };
  }

  /** See `StreamReader.peek`. */
  peek(): Reading<Buffer> {
    const look = (ended: boolean): Buffer | undefined =>
      this.#unread > 0 || ended ? this.#bytes.subarray(this.#start) : undefined;
    return { wanted: 1, take: look };
  }

  /** The next line, if nothing stands against taking it at once: the fast path of `readline`, and no more than that. */
  bufferedLine(): Buffer | undefined {
    const newline = this.#bytes.indexOf(NEWLINE, this.#start);
    if (newline === -1 || newline - this.#start >= this.maxLineLength) return undefined;
    return this.#take(newline + 1 - this.#start);
  }

  /** See `StreamReader.readline`. */
  readline(size: number): Reading<Buffer> {
    let searched = 0;
    const take = (ended: boolean): Buffer | undefined => {
      checkSize(size);
      const newline = this.#bytes.indexOf(NEWLINE, this.#start + searched);
      const length = newline === -1 ? this.#unread : newline + 1 - this.#start;
      if (size >= 0 && length >= size) return this.#take(size);
      if (size < 0 && length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
      if (newline !== -1 || ended) return this.#take(length);
      searched = length;
      return undefined;
    };
    return { wanted: 1, take };
  }

  /** See `StreamReader.readlines`. */
  readlines(hint: number): Reading<Buffer[]> {
    const ends: number[] = [];
    let length = 0;
    let searched = 0;
    const take = (ended: boolean): Buffer[] | undefined => {
      checkSize(hint);
      while (hint <= 0 || length <= hint) {
        const newline = this.#bytes.indexOf(NEWLINE, this.#start + searched);
        const end = newline === -1 ? this.#unread : newline + 1 - this.#start;
        if (end - length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
        if (hint <= 0 && end > this.maxReadSize) throw readTooLong(this.maxReadSize);
        searched = end;
        if (newline === -1 && !ended) return undefined;
        if (end === length) break;
        ends.push(end);
        length = end;
      }
      const all = this.#take(length);
      return ends.map((end, index) => all.subarray(ends[index - 1] ?? 0, end));
    };
    return { wanted: hint > 0 ? 1 : Number.POSITIVE_INFINITY, take };
  }

  /** See `StreamReader.readexactly`. */
  readexactly(size: number): Reading<Buffer> {
    const take = (ended: boolean): Buffer | undefined => {
      checkSize(size, 0);
      if (this.#unread >= size) return this.#take(size);
      if (!ended) return undefined;
      const partial = this.#take(this.#unread);
      const message = `Cannot read ${size} bytes: the stream ended after ${partial.length} (ENODATA)`;
      throw new IncompleteReadError(message, partial, size);
    };
    return { wanted: size, take };
  }

  /** See `StreamReader.readuntil`. */
  readuntil(separator: string | Uint8Array): Reading<Buffer> {
    const wanted = Buffer.from(separator);
    let searched = 0;
    const take = (ended: boolean): Buffer | undefined => {
      if (wanted.length === 0) throw new RangeError("Cannot read up to an empty separator: give at least one byte.");
      const found = this.#bytes.indexOf(wanted, this.#start + searched);
      const length = found === -1 ? this.#unread : found + wanted.length - this.#start;
      if (length > this.maxLineLength) throw lineTooLong(this.maxLineLength);
      if (found !== -1) return this.#take(length);
      if (ended) {
        const message = `Cannot read up to ${JSON.stringify(wanted.toString())}: the stream ended before it (ENODATA)`;
        throw new IncompleteReadError(message, this.#take(length), null);
      }
      // The separator may have begun in the last bytes.
      searched = Math.max(0, length - wanted.length + 1);
      return undefined;
    };
    return { wanted: 1, take };
  }
}

/**
 * Why nothing can be read any more. `timed out` is for good: what had arrived of the read that timed out can no longer be
 * told from the next one's bytes.
 */
export function readerClosedError(state: "closed" | "timed out"): OSError {
  if (state === "closed") return closedError("read", "recv");
  return new OSError("cannot read from timed out object", { code: "EIO", syscall: "recv" });
}

function lineTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxLineLength, or read it in pieces with a size.";
  return new LimitOverrunError(`Cannot read a line of more than ${limit} bytes (EMSGSIZE). ${remedy}`, limit);
}

function readTooLong(limit: number): LimitOverrunError {
  const remedy = "Raise maxReadSize, or read in pieces with a size.";
  return new LimitOverrunError(`Cannot read more than ${limit} bytes to the end (EMSGSIZE). ${remedy}`, limit);
}

function checkSize(size: number, least = Number.NEGATIVE_INFINITY): void {
  if (Number.isInteger(size) && size >= least) return;
  throw new RangeError(`Cannot read ${size} bytes: a size is a whole number${least === 0 ? ", 0 or more" : ""}.`);
}

function checkOption(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it is a whole number, ${least} or more.`);
}
