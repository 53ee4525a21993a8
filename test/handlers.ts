/**
 * The handlers that more than one test file needs.
 *
 * @module
 */

import { BaseRequestHandler, DatagramRequestHandler, StreamRequestHandler } from "ts-socketserver";

/** Sends one line back, then ends: CPython's `MyHandler` in `test_socketserver.py`. */
export class LineEcho extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** The same for a datagram. */
export class DatagramEcho extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** Sends every line back until the client ends: an idle client keeps it running. */
export class Echo extends StreamRequestHandler {
  override async handle(): Promise<void> {
    for await (const line of this.rfile) await this.wfile.write(line);
  }
}

/** Does nothing: the connection is closed at once. */
export class Idle extends BaseRequestHandler {}
