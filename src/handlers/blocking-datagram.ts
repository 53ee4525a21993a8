/**
 * {@link BlockingDatagramRequestHandler}: a datagram as a file to read, and its answer as a file to write.
 *
 * @module
 */

import type { BlockingSocket } from "../core/blocking/socket.js";
import type { BlockingDatagramRequest } from "../core/server/requests.js";
import { BlockingStreamReader } from "../core/stream/blocking-reader.js";
import { BlockingStreamWriter } from "../core/stream/blocking-writer.js";
import { type BlockingRemoteServer, BlockingRequestHandler } from "./blocking-base.js";
import { forgottenSetup } from "./lifecycle.js";

/**
 * Serves a datagram in a thread or process of its own: {@link rfile} reads it, and what was written to {@link wfile} is sent
 * back as one datagram when `handle()` is done. Source: `socketserver.DatagramRequestHandler`.
 *
 * Unlike in Python, nothing is sent when nothing was written, or when `handle()` failed.
 *
 * @typeParam Server a {@link BlockingRemoteServer} of the server's class, where the handler uses more of it than every server
 *   has.
 * @example
 * ```ts
 * export class Upper extends BlockingDatagramRequestHandler {
 *   static override readonly module = import.meta.url;
 *
 *   override handle(): void {
 *     this.wfile.write(this.packet.toString().toUpperCase());
 *   }
 * }
 * ```
 */
export class BlockingDatagramRequestHandler<
  Server extends object = BlockingRemoteServer,
> extends BlockingRequestHandler<BlockingDatagramRequest, Server> {
  /** The datagram's bytes. */
  packet!: Buffer;
  /** A copy of the server's socket, to send more than one answer by. It is not the handler's to close. */
  socket!: BlockingSocket;
  /** Whether the datagram was longer than the server's `maxPacketSize`, and was cut. */
  truncated!: boolean;
  /** Reads the datagram. */
  rfile!: BlockingStreamReader;
  /** Collects the answer. */
  wfile!: BlockingStreamWriter;

  #answer: Uint8Array[] = [];

  /** Makes the files. A subclass that overrides it calls `super.setup()` first. */
  override setup(): void {
    if (!Array.isArray(this.request)) {
      const { name } = this.constructor;
      throw new TypeError(`${name} serves datagrams; for connections extend BlockingStreamRequestHandler.`);
    }
    const [packet, socket, truncated] = this.request;
    this.packet = packet;
    this.socket = socket;
    this.truncated = truncated;
    let unread = packet;
    this.rfile = new BlockingStreamReader({
      recv: (size) => {
        const chunk = unread.subarray(0, size);
        unread = unread.subarray(chunk.length);
        return chunk;
      },
    });
    this.wfile = new BlockingStreamWriter({ sendall: (data) => this.#answer.push(Buffer.from(data)) });
  }

  protected override checkSetup(): void {
    if (this.wfile === undefined) throw forgottenSetup(this, "super.setup()");
  }

  /** Sends what was written, if anything was. A subclass that overrides it calls `super.finish()` last. */
  override finish(): void {
    this.wfile.close();
    if (this.#answer.length > 0 && !this.failed) this.socket.sendto(Buffer.concat(this.#answer), this.clientAddress);
  }
}
