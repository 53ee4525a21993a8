/**
 * {@link BlockingStreamRequestHandler}: a connection as two files, whose calls block.
 *
 * @module
 */

import type { BlockingSocket } from "../core/blocking/socket.js";
import { IPPROTO_TCP, TCP_NODELAY } from "../core/constants.js";
import { defaults } from "../core/defaults.js";
import { OSError } from "../core/errors.js";
import { BlockingStreamReader } from "../core/stream/blocking-reader.js";
import { BlockingStreamWriter } from "../core/stream/blocking-writer.js";
import { type BlockingRemoteServer, BlockingRequestHandler } from "./blocking-base.js";
import { forgottenSetup } from "./lifecycle.js";

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
  /** Bytes that {@link wfile} collects before sending; 0, the default, sends every write at once; -1 for 8,192. */
  wbufsize = 0;
  /** Seconds that a call on the connection may block; `null` for ever. */
  timeout: number | null = null;
  /** Whether small writes leave at once instead of being collected by the system (`TCP_NODELAY`). TCP only. */
  disableNagleAlgorithm = false;
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
      const { name } = this.constructor;
      throw new TypeError(`${name} serves connections; for datagrams extend BlockingDatagramRequestHandler.`);
    }
    this.connection = connection;
    if (this.timeout !== null) connection.settimeout(this.timeout);
    if (this.disableNagleAlgorithm) connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    this.rfile = new BlockingStreamReader(connection, {
      bufferSize: this.rbufsize < 0 ? defaults.readBufferSize : this.rbufsize,
      maxLineLength: this.maxLineLength,
    });
    this.wfile = new BlockingStreamWriter(connection, {
      bufferSize: this.wbufsize < 0 ? defaults.writeBufferSize : this.wbufsize,
    });
  }

  protected override checkSetup(): void {
    if (this.wfile === undefined) throw forgottenSetup(this, "super.setup()");
  }

  /** Flushes and closes the files. A subclass that overrides it calls `super.finish()` last. */
  override finish(): void {
    try {
      this.wfile.close();
    } catch (error) {
      // The client no longer listens: as in Python, that is not the handler's failure any more.
      if (!(error instanceof OSError)) throw error;
    }
    this.rfile.close();
  }
}
