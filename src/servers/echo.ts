/**
 * The echo server: sends back what it gets (RFC 862).
 *
 * @module
 */

import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { BundledServer } from "./description.js";

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;

/**
 * Sends back the bytes of a connection as they come, until the client ends its sending, as RFC 862 has it. It reads no faster
 * than its answers are read.
 */
export class EchoStreamHandler extends BaseRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    for (;;) {
      const data = await this.request.recv(CHUNK_SIZE);
      if (data.length === 0) return;
      await this.request.sendall(data);
    }
  }
}

/**
 * Sends back each datagram, an empty one too; of one longer than the server's `maxPacketSize`, what was received.
 *
 * Two echo servers that get a datagram with each other's address send it to and fro for ever: not for an open network.
 */
export class EchoDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [data, socket] = this.request;
    await socket.sendto(data, this.clientAddress);
  }
}

/** `socketserver echo` */
export const echoServer: BundledServer = {
  name: "echo",
  summary: "sends back every byte as it comes",
  streamHandler: EchoStreamHandler,
  datagramHandler: EchoDatagramHandler,
  // RFC 862 wants each datagram back as it came: UDP has none that is longer.
  maxPacketSize: 65_535,
  example: { send: "hello", receive: "hello" },
};
