/**
 * {@link DatagramRequestHandler}: a datagram as a file to read, and its answer as a file to write.
 *
 * @module
 */

import type { BaseServer } from "../core/server/base-server.js";
import type { DatagramRequest } from "../core/server/requests.js";
import type { Socket } from "../core/socket/socket.js";
import type { ByteSource } from "../core/stream/byte-stream.js";
import { StreamReader } from "../core/stream/reader.js";
import { StreamWriter } from "../core/stream/writer.js";
import { BaseRequestHandler } from "./base.js";
import { DatagramAnswer } from "./datagram-answer.js";
import { forgottenSetup, wrongRequest } from "./lifecycle.js";

const NOTHING = Buffer.alloc(0);
/** Is never asked: behind a datagram there is nothing to read. */
const NO_SOURCE: ByteSource = { recv: async () => NOTHING };

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

  #rfile: StreamReader | null = null;
  #wfile: StreamWriter | null = null;
  /** What {@link wfile} collects, where it was asked for. */
  #answer: DatagramAnswer | null = null;
  /** Whether {@link wfile} is one that a subclass has assigned. */
  #isReplaced = false;

  /** Reads the datagram. Made when it is first asked for; a subclass may assign another. */
  get rfile(): StreamReader {
    if (this.#rfile === null) {
      this.#rfile = new StreamReader(NO_SOURCE);
      this.#rfile.preload(this.packet);
    }
    return this.#rfile;
  }

  set rfile(reader: StreamReader) {
    this.#rfile = reader;
  }

  /** Collects the answer. Made when it is first asked for; a subclass may assign another, which {@link finish} closes. */
  get wfile(): StreamWriter {
    if (this.#wfile === null) {
      this.#answer = new DatagramAnswer();
      this.#wfile = new StreamWriter(this.#answer);
    }
    return this.#wfile;
  }

  set wfile(writer: StreamWriter) {
    this.#wfile = writer;
    this.#isReplaced = true;
  }

  /** Takes the request apart. A subclass that overrides it calls `await super.setup()` first. */
  override setup(): void | Promise<void> {
    if (!Array.isArray(this.request)) {
      throw wrongRequest(this, "datagrams; for connections extend StreamRequestHandler");
    }
    const [packet, socket, truncated] = this.request;
    this.packet = packet;
    this.socket = socket;
    this.truncated = truncated;
  }

  protected override checkSetup(): void {
    if (this.packet === undefined) throw forgottenSetup(this, "await super.setup()");
  }

  /** Sends what was written, if anything was. A subclass that overrides it calls `await super.finish()` last. */
  override finish(): void | Promise<void> {
    return this.#isReplaced ? this.#wfile?.close().then(() => this.#sendAnswer()) : this.#sendAnswer();
  }

  #sendAnswer(): void | Promise<void> {
    const answer = this.#answer?.end() ?? null;
    if (answer === null || this.failed) return undefined;
    // Only when it has been sent matters, and not how much that was: all of it.
    return this.socket.sendto(answer, this.clientAddress) as Promise<unknown> as Promise<void>;
  }
}
