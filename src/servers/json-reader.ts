/**
 * {@link JsonReader}: reads JSON values from a connection.
 *
 * @module
 */

import type { ByteSource } from "../core/byte-stream.js";
import type { StreamReader } from "../core/stream-reader.js";
import { type JsonLimits, type JsonMessage, JsonScanner } from "./json-scanner.js";

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;

/**
 * The JSON values of a stream, as a {@link JsonScanner} finds them, to be iterated over. What is no JSON comes as a message
 * with an `error`, and the iteration goes on.
 *
 * The source belongs to the reader from then on: it reads ahead. It throws what the source throws, and a LimitOverrunError
 * for a value of more than `maxSize` bytes, which ends it.
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

  /** @param source a `Socket`, a handler's `rfile`, or anything else to receive from; closing it remains its owner's business */
  constructor(source: ByteSource | StreamReader, limits: JsonLimits = {}) {
    this.#receive = "recv" in source ? () => source.recv(CHUNK_SIZE) : () => source.read1();
    this.#scanner = new JsonScanner(limits);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsonMessage, void> {
    for (;;) {
      const bytes = await this.#receive();
      if (bytes.length === 0) break;
      yield* this.#scanner.push(bytes);
    }
    yield* this.#scanner.end();
  }
}
