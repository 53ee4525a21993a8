/**
 * {@link TelnetRequestHandler}: a connection whose client may be telnet.
 *
 * @module
 */

import { SO_OOBINLINE, SOL_SOCKET } from "../../core/constants.js";
import { UnsupportedOperation } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import type { Socket } from "../../core/socket/socket.js";
import type { ByteSink, ByteSource } from "../../core/stream/byte-stream.js";
import { StreamRequestHandler } from "../../handlers/stream.js";
import { escapeTelnet, TelnetFilter } from "./filter.js";

/** The text of a telnet connection. Commands among it are answered as soon as they are received. */
class TelnetText implements ByteSource, ByteSink {
  readonly #connection: ByteSource & ByteSink;
  readonly #filter = new TelnetFilter();

  constructor(connection: ByteSource & ByteSink) {
    this.#connection = connection;
  }

  async recv(size: number): Promise<Buffer> {
    for (;;) {
      const chunk = await this.#connection.recv(size);
      const { text, replies } = this.#filter.push(chunk);
      // Awaited: a client that only ever asks, and reads no answer, is read no further.
      if (replies.length > 0) await this.#connection.sendall(replies);
      if (text.length > 0 || chunk.length === 0) return text;
    }
  }

  async sendall(text: Uint8Array): Promise<void> {
    await this.#connection.sendall(escapeTelnet(text));
  }
}

/**
 * Serves a connection as {@link StreamRequestHandler} does, and understands telnet: {@link rfile} reads what was typed,
 * without the commands that a telnet client sends in between, and {@link wfile} writes text. What the commands come to:
 * {@link TelnetFilter}. Clients that know nothing of telnet, such as nc, are served as well, as long as they send no byte 255,
 * which UTF-8 does not have.
 *
 * A line ends with `"\n"`, or with `"\r\n"` as telnet sends it.
 *
 * @typeParam Server the server's class, where the handler uses more of it than every server has.
 * @example
 * ```ts
 * class Echo extends TelnetRequestHandler {
 *   override async handle(): Promise<void> {
 *     for await (const line of this.rfile) await this.wfile.write(line);
 *   }
 * }
 * ```
 */
export class TelnetRequestHandler<Server extends object = BaseServer> extends StreamRequestHandler<Server> {
  protected override streamOver(connection: Socket): ByteSource & ByteSink {
    keepUrgentBytes(connection);
    return new TelnetText(connection);
  }
}

/**
 * Telnet sends the last byte of some commands as urgent (its Ctrl-C does so). The system would hand that out beside the
 * stream, and the command, cut short, would swallow the byte after it. Node's sockets have no such option: there, it does.
 */
function keepUrgentBytes(connection: Socket): void {
  try {
    connection.setsockopt(SOL_SOCKET, SO_OOBINLINE, true);
  } catch (error) {
    if (!(error instanceof UnsupportedOperation)) throw error;
  }
}
