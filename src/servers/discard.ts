/**
 * The discard server: throws away what it gets (RFC 863).
 *
 * @module
 */

import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { BundledServer } from "./description.js";

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;

/** Throws away the bytes of a connection, sends none, and goes on until the client ends its sending, as RFC 863 has it. */
export class DiscardStreamHandler extends BaseRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    while ((await this.request.recv(CHUNK_SIZE)).length > 0);
  }
}

/** Throws away each datagram: RFC 863 wants no answer. */
export class DiscardDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static override readonly module = import.meta.url;

  override handle(): void {}
}

/** `socketserver discard` */
export const discardServer: BundledServer = {
  name: "discard",
  summary: "throws away everything it gets",
  streamHandler: DiscardStreamHandler,
  datagramHandler: DiscardDatagramHandler,
  example: { send: "hello", receive: "" },
};
