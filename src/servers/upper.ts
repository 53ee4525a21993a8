/**
 * The upper server: sends back each line in capitals, as the server of Python's documentation does.
 *
 * @module
 */

import { DatagramRequestHandler } from "../handlers/datagram.js";
import { StreamRequestHandler } from "../handlers/stream.js";
import type { BundledServer } from "./description.js";

/** Sends back each line in capitals. A line of more than `maxLineLength` bytes ends the connection. */
export class UpperStreamHandler extends StreamRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    for await (const line of this.rfile) {
      await this.wfile.write(line.toString().toUpperCase());
    }
  }
}

/** Sends back each datagram in capitals. */
export class UpperDatagramHandler extends DatagramRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    await this.wfile.write(this.packet.toString().toUpperCase());
  }
}

/** `socketserver upper` */
export const upperServer: BundledServer = {
  name: "upper",
  summary: "sends back every line in capitals",
  streamHandler: UpperStreamHandler,
  datagramHandler: UpperDatagramHandler,
  example: { send: "hello", receive: "HELLO" },
};
