/**
 * {@link BlockingStreamRequestHandler}: a connection as two files, whose calls block.
 *
 * @module
 */

import type { BlockingSocket } from "../core/blocking/socket.js";
import { defaults } from "../core/defaults.js";
import { BlockingStreamReader } from "../core/stream/reader.js";
import { BlockingStreamWriter } from "../core/stream/writer.js";
import { type BlockingRemoteServer, BlockingRequestHandler } from "./blocking-base.js";
import { forgottenSetup, wrongRequest } from "./lifecycle.js";
import { applySettings, checkLastFlush } from "./stream-settings.js";

/**
 * Serves a connection by way of {@link rfile} and {@link wfile}, in a thread or process of its own. Source:
 * `socketserver.StreamRequestHandler`.
 *
 * @typeParam Server a {@link BlockingRemoteServer} of the server's class, where the handler uses more of it than every server
 *   has.
 * @example
 * ```ts
 * export class Upper extends BlockingStreamRequestHandler {
 *   static override readonly module = import.meta.url;
 *
 *   override handle(): void {
 *     for (const line of this.rfile) this.wfile.write(line.toString().toUpperCase());
 *   }
 * }
 * ```
 */
export class BlockingStreamRequestHandler<Server extends object = BlockingRemoteServer> extends BlockingRequestHandler<
  BlockingSocket,
  Server
> {
  /** Bytes that {@link rfile} reads ahead; -1 for 65,536, 0 for none. */
  rbufsize = -1;
  /**
   * Bytes that {@link wfile} collects before it sends them. -1, the default, and 0: none, every write is sent at once. Else they
   * leave when there would be more, on `flush()`, and before a call receives from the connection.
   */
  wbufsize = -1;
  /** Seconds that a call on the connection may block; `null` for ever. */
  timeout: number | null = null;
  /**
   * Whether small writes leave at once instead of waiting in the system for an acknowledgement of earlier ones (`TCP_NODELAY`).
   * True by default, unlike in Python; false switches that off, for TCP only.
   */
  disableNagleAlgorithm = true;
  /** Bytes that a line read from {@link rfile} may have. Beyond Python, whose lines have no limit. */
  maxLineLength: number = defaults.maxLineLength;

  /** The connection: the same as `request`. */
  connection!: BlockingSocket;
  /** Reads from the connection. */
  rfile!: BlockingStreamReader;
  /** Writes to the connection. */
  wfile!: BlockingStreamWriter;

  /** Makes the files. A subclass that overrides it calls `super.setup()` first. */
  override setup(): void {
    const connection = this.request;
    if (Array.isArray(connection)) {
      throw wrongRequest(this, "connections; for datagrams extend BlockingDatagramRequestHandler");
    }
    this.connection = connection;
    const { reader, writer } = applySettings(this, connection);
    this.rfile = new BlockingStreamReader(connection, reader);
    this.wfile = new BlockingStreamWriter(connection, writer);
  }

  protected override checkSetup(): void {
    if (this.wfile === undefined) throw forgottenSetup(this, "super.setup()");
  }

  /** Flushes and closes the files. A subclass that overrides it calls `super.finish()` last. */
  override finish(): void {
    try {
      this.wfile.close();
    } catch (error) {
      checkLastFlush(error);
    }
    this.rfile.close();
  }
}
