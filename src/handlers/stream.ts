/**
 * {@link StreamRequestHandler}: a connection as two files.
 *
 * @module
 */

import { defaults } from "../core/defaults.js";
import type { BaseServer } from "../core/server/base-server.js";
import type { Socket } from "../core/socket/socket.js";
import type { ByteSink, ByteSource } from "../core/stream/byte-stream.js";
import { StreamReader } from "../core/stream/reader.js";
import { StreamWriter } from "../core/stream/writer.js";
import { BaseRequestHandler } from "./base.js";
import { forgottenSetup, wrongRequest } from "./lifecycle.js";
import { applySettings, checkLastFlush } from "./stream-settings.js";

/**
 * Serves a connection by way of {@link rfile} and {@link wfile}. Source: `socketserver.StreamRequestHandler`.
 *
 * @typeParam Server the server's class, where the handler uses more of it than every server has.
 * @example
 * ```ts
 * class Upper extends StreamRequestHandler {
 *   override async handle(): Promise<void> {
 *     for await (const line of this.rfile) await this.wfile.write(line.toString().toUpperCase());
 *   }
 * }
 * ```
 */
export class StreamRequestHandler<Server extends object = BaseServer> extends BaseRequestHandler<Socket, Server> {
  /** Bytes that {@link rfile} reads ahead; -1 for 65,536, 0 for none. */
  rbufsize = -1;
  /**
   * Bytes that {@link wfile} collects; -1, the default, for 65,536. They leave by themselves, as {@link StreamWriter} says: at the
   * latest when the turn of the event loop ends, or when `handle()` does. With 0 every write is sent at once.
   */
  wbufsize = -1;
  /** Seconds that a call on the connection may wait; `null` for ever. */
  timeout: number | null = null;
  /**
   * Whether small writes leave at once instead of waiting in the system for an acknowledgement of earlier ones (`TCP_NODELAY`).
   * True by default, unlike in Python; false switches that off, for TCP only.
   */
  disableNagleAlgorithm = true;
  /** Bytes that a line read from {@link rfile} may have. Beyond Python, whose lines have no limit. */
  maxLineLength: number = defaults.maxLineLength;

  /** The connection: the same as `request`. */
  connection!: Socket;
  /** Reads from the connection. */
  rfile!: StreamReader;
  /** Writes to the connection. */
  wfile!: StreamWriter;

  /** Makes the files. A subclass that overrides it calls `await super.setup()` first. */
  override setup(): void | Promise<void> {
    const connection = this.request;
    // What a datagram server gives to a handler that is not typed for it.
    if (Array.isArray(connection)) {
      throw wrongRequest(this, "connections; for datagrams extend DatagramRequestHandler");
    }
    this.connection = connection;
    const { reader, writer } = applySettings(this, connection);
    const stream = this.streamOver(connection);
    this.rfile = new StreamReader(stream, reader);
    this.wfile = new StreamWriter(stream, writer);
  }

  /**
   * What {@link rfile} reads from and {@link wfile} writes to: the connection. May be overridden where something stands between
   * the two, such as a protocol that the text is wrapped in. {@link setup} calls it once.
   */
  protected streamOver(connection: Socket): ByteSource & ByteSink {
    return connection;
  }

  protected override checkSetup(): void {
    if (this.wfile === undefined) throw forgottenSetup(this, "await super.setup()");
  }

  /** Flushes and closes the files. A subclass that overrides it calls `await super.finish()` last. */
  override async finish(): Promise<void> {
    try {
      await this.wfile.close();
    } catch (error) {
      checkLastFlush(error);
    }
    await this.rfile.close();
  }
}
