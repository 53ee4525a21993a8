/**
 * {@link BlockingDatagramRequestHandler}: a datagram as a file to read, and its answer as a file to write.
 *
 * @module
 */

import type { BlockingSocket } from "../core/blocking/socket.js";
import type { BlockingDatagramRequest } from "../core/server/requests.js";
import type { BlockingByteSource } from "../core/stream/byte-stream.js";
import { BlockingStreamReader } from "../core/stream/reader.js";
import { BlockingStreamWriter } from "../core/stream/writer.js";
import { type BlockingRemoteServer, BlockingRequestHandler } from "./blocking-base.js";
import { DatagramAnswer } from "./datagram-answer.js";
import { forgottenSetup, wrongRequest } from "./lifecycle.js";

const NOTHING = Buffer.alloc(0);
/** Is never asked: behind a datagram there is nothing to read. */
const NO_SOURCE: BlockingByteSource = { recv: () => NOTHING };

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

  #rfile: BlockingStreamReader | null = null;
  #wfile: BlockingStreamWriter | null = null;
  /** What {@link wfile} collects, where it was asked for. */
  #answer: DatagramAnswer | null = null;

  /** Reads the datagram. Made when it is first asked for; a subclass may assign another. */
  get rfile(): BlockingStreamReader {
    if (this.#rfile === null) {
      this.#rfile = new BlockingStreamReader(NO_SOURCE);
      this.#rfile.preload(this.packet);
    }
    return this.#rfile;
  }

  set rfile(reader: BlockingStreamReader) {
    this.#rfile = reader;
  }

  /** Collects the answer. Made when it is first asked for; a subclass may assign another, which {@link finish} closes. */
  get wfile(): BlockingStreamWriter {
    if (this.#wfile === null) {
      this.#answer = new DatagramAnswer();
      this.#wfile = new BlockingStreamWriter(this.#answer);
    }
    return this.#wfile;
  }

  set wfile(writer: BlockingStreamWriter) {
    this.#wfile = writer;
  }

  /** Takes the request apart. A subclass that overrides it calls `super.setup()` first. */
  override setup(): void {
    if (!Array.isArray(this.request)) {
      throw wrongRequest(this, "datagrams; for connections extend BlockingStreamRequestHandler");
    }
    const [packet, socket, truncated] = this.request;
    this.packet = packet;
    this.socket = socket;
    this.truncated = truncated;
  }

  protected override checkSetup(): void {
    if (this.packet === undefined) throw forgottenSetup(this, "super.setup()");
  }

  /** Sends what was written, if anything was. A subclass that overrides it calls `super.finish()` last. */
  override finish(): void {
    this.#wfile?.close();
    const answer = this.#answer?.end() ?? null;
    if (answer !== null && !this.failed) this.socket.sendto(answer, this.clientAddress);
  }
}
