/**
 * {@link StreamServer}: what the servers of TCP and of Unix streams share.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { AF_UNIX, IPPROTO_TCP, SHUT_WR, SOCK_STREAM, TCP_NODELAY } from "../constants.js";
import { defaults } from "../defaults.js";
import { OSError } from "../errors.js";
import { Socket } from "../socket/socket.js";
import { BaseServer } from "./base-server.js";
import { events } from "./events.js";

/**
 * A server of streams: each connection is a request. Source: the parts of `socketserver.TCPServer` that streams share.
 */
export abstract class StreamServer extends BaseServer<Socket> {
  static override readonly optionNames = [...BaseServer.optionNames, "requestQueueSize"] as const;

  override readonly socketType = SOCK_STREAM;
  override allowReuseAddress: boolean = defaults.allowReuseAddress;
  /** Connections that may wait to be accepted. */
  requestQueueSize: number = defaults.requestQueueSize;
  readonly #publishedClosed = new WeakSet<Socket>();

  /**
   * Listens. May be overridden. Source: `server_activate`.
   *
   * Small messages of connections leave at once (`TCP_NODELAY`), unlike in Python: with Nagle's algorithm an answer in two
   * parts waits for the client's delayed acknowledgement, some 40 ms.
   */
  override async serverActivate(): Promise<void> {
    // Connections inherit it from the listener.
    if (this.addressFamily !== AF_UNIX) this.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    await this.socket.listen(this.requestQueueSize);
    // The Node transport knows the real port only now.
    this.serverAddress = this.socket.getsockname();
  }

  override async getRequest(): Promise<[Socket, Address]> {
    const accepted = await this.socket.acceptAtOnce();
    if (events.connectionAccept.hasSubscribers) {
      events.connectionAccept.publish({ server: this, clientAddress: accepted[1] });
    }
    return accepted;
  }

  /** Half-closes, so that the client reads the end, then closes. May be overridden. Source: `shutdown_request`. */
  override shutdownRequest(request: Socket): Promise<void> {
    // Of a wrapper that somebody made of a connection, or where shutdown() was overridden, nothing but that is asked.
    if (request.shutdown !== Socket.prototype.shutdown) return shutdown(request).then(() => this.closeRequest(request));
    request.endSending();
    return this.closeRequest(request);
  }

  override closeRequest(request: Socket): Promise<void> {
    this.#publishClose(request);
    // Where an override has put another object in the place of the connection, nothing but this is known of it.
    if (request.close !== Socket.prototype.close) return request.close();
    // Files that a handler has made of the connection and forgotten do not keep it open.
    request.closeNow();
    return CLOSED;
  }

  override async abortRequest(request: Socket): Promise<void> {
    this.#publishClose(request);
    request.abort();
  }

  /** Once for every connection, also where the handler has closed it. */
  #publishClose(request: Socket): void {
    if (!events.connectionClose.hasSubscribers || this.#publishedClosed.has(request)) return;
    this.#publishedClosed.add(request);
    const { clientAddress, duration } = this.aboutRequest(request);
    events.connectionClose.publish({ server: this, clientAddress, duration, counters: request.counters });
  }
}

const CLOSED = Promise.resolve();

async function shutdown(request: Socket): Promise<void> {
  try {
    if (!request.closed) await request.shutdown(SHUT_WR);
  } catch (error) {
    // The client was quicker.
    if (!(error instanceof OSError)) throw error;
  }
}
