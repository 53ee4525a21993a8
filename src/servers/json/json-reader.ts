/**
 * {@link JsonReader}: reads JSON values from a connection.
 *
 * @module
 */

import { LimitOverrunError } from "../../core/errors.js";
import type { ByteSource } from "../../core/stream/byte-stream.js";
import type { StreamReader } from "../../core/stream/reader.js";
import { type JsonLimits, type JsonMessage, JsonScanner } from "./reader.js";

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;

/**
 * The JSON values of a stream, as a {@link JsonScanner} finds them, to be iterated over. What is no JSON comes as a message
 * with an `error`, and the iteration goes on.
 *
 * The source belongs to the reader from then on: it reads ahead. An iteration that was left with `break`, or by what the source
 * has thrown, is taken up by the next one, and no value is lost. A value of more than `maxSize` bytes makes it throw a
 * LimitOverrunError, in every later iteration as well.
 *
 * @example
 * ```ts
 * for await (const message of new JsonReader(socket)) {
 *   if (message.error === null) console.log(message.value);
 * }
 * ```
 */
export class JsonReader implements AsyncIterable<JsonMessage> {
  readonly #receive: () => Promise<Buffer>;
  readonly #scanner: JsonScanner;
  /** What the bytes received so far complete and nobody has taken. */
  #found: Iterator<JsonMessage, void> = [][Symbol.iterator]();
  #hasEnded = false;
  #broken: LimitOverrunError | null = null;

  /** @param source a `Socket`, a handler's `rfile`, or anything else to receive from; closing it remains its owner's business */
  constructor(source: ByteSource | StreamReader, limits: JsonLimits = {}) {
    this.#receive = "recv" in source ? () => source.recv(CHUNK_SIZE) : () => source.read1();
    this.#scanner = new JsonScanner(limits);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsonMessage, void> {
    for (;;) {
      for (let found = this.#nextFound(); !found.done; found = this.#nextFound()) yield found.value;
      if (this.#hasEnded) return;
      const bytes = await this.#receive();
      this.#hasEnded = bytes.length === 0;
      this.#found = this.#hasEnded ? this.#scanner.end() : this.#scanner.push(bytes);
    }
  }

  #nextFound(): IteratorResult<JsonMessage, void> {
    if (this.#broken !== null) throw this.#broken;
    try {
      return this.#found.next();
    } catch (error) {
      if (error instanceof LimitOverrunError) this.#broken = error;
      throw error;
    }
  }
}
