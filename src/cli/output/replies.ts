/**
 * {@link ReplyOutput}: how what comes from the network gets to the user.
 *
 * @module
 */

import { StringDecoder } from "node:string_decoder";
import type { WriteStream } from "node:tty";
import { codeOf } from "../../core/errors.js";
import { visible } from "../text.js";

/** Writes replies to stdout: byte for byte into a pipe or a file; on a terminal as text that cannot steer it. */
export class ReplyOutput {
  readonly #stream: WriteStream;
  // A letter of several bytes may come in two pieces.
  readonly #decoder = new StringDecoder("utf8");

  constructor(stream: WriteStream = process.stdout) {
    this.#stream = stream;
  }

  /** Writes. Resolves when it is taken, so that who waits slows down who sends. */
  write(data: Uint8Array): Promise<void> {
    const { isTTY } = this.#stream;
    // A terminal needs no carriage return, and begins the line anew at one that stands alone.
    const shown = isTTY ? visible(this.#decoder.write(Buffer.from(data)).replaceAll("\r", "")) : data;
    return new Promise((resolve, reject) => {
      this.#stream.write(shown, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** Whether an error says that nobody reads the output any more, as behind `| head -1`: no failure, but a reason to end. */
export function isOutputClosed(error: unknown): boolean {
  return codeOf(error) === "EPIPE" && Object(error).syscall === "write";
}
