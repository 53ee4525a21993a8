/**
 * {@link DatagramRequestHandler}: a datagram as a file to read, and its answer as a file to write.
 *
 * @module
 */

import type { BaseServer } from "../core/server/base-server.js";
import type { DatagramRequest } from "../core/server/requests.js";
import type { Socket } from "../core/socket/socket.js";
import { StreamReader } from "../core/stream/reader.js";
import { StreamWriter } from "../core/stream/writer.js";
import { BaseRequestHandler } from "./base.js";
import { forgottenSetup } from "./lifecycle.js";

/**
 * Serves a datagram: {@link rfile} reads it, and what was written to {@link wfile} is sent back as one datagram when
 * `handle()` is done. Source: `socketserver.DatagramRequestHandler`.
 *
 * Unlike in Python, nothing is sent when nothing was written, or when `handle()` failed.
 *
 * @typeParam Server the server's class, where the handler uses more of it than every server has.
 * @example
 * ```ts
 * class Upper extends DatagramRequestHandler {
 *   override async handle(): Promise<void> {
 *     await this.wfile.write(this.packet.toString().toUpperCase());
 *   }
 * }
 * ```
 */
export class DatagramRequestHandler<Server extends object = BaseServer> extends BaseRequestHandler<
  DatagramRequest,
  Server
> {
  /** The datagram's bytes. */
  packet!: Buffer;
  /** The server's socket, to send more than one answer by. */
  socket!: Socket;
  /** Whether the datagram was longer than the server's `maxPacketSize`, and was cut. */
  truncated!: boolean;
  /** Reads the datagram. */
  rfile!: StreamReader;
  /** Collects the answer. */
  wfile!: StreamWriter;

  #answer: Uint8Array[] = [];

  /** Makes the files. A subclass that overrides it calls `await super.setup()` first. */
  override setup(): void | Promise<void> {
    if (!Array.isArray(this.request)) {
      throw new TypeError(`${this.constructor.name} serves datagrams; for connections extend StreamRequestHandler.`);
    }
    const [packet, socket, truncated] = this.request;
    this.packet = packet;
    this.socket = socket;
    this.truncated = truncated;
    let unread = packet;
    this.rfile = new StreamReader({
      recv: async (size) => {
        const chunk = unread.subarray(0, size);
        unread = unread.subarray(chunk.length);
        return chunk;
      },
    });
    this.wfile = new StreamWriter({
      sendall: async (data) => {
        this.#answer.push(Buffer.from(data));
      },
    });
  }

  protected override checkSetup(): void {
    if (this.wfile === undefined) throw forgottenSetup(this, "await super.setup()");
  }

  /** Sends what was written, if anything was. A subclass that overrides it calls `await super.finish()` last. */
  override async finish(): Promise<void> {
    await this.wfile.close();
    if (this.#answer.length > 0 && !this.failed)
      await this.socket.sendto(Buffer.concat(this.#answer), this.clientAddress);
  }
}
