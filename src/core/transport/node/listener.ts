/**
 * A listening stream socket on `node:net`.
 *
 * Node accepts connections as they come, whether or not anybody asked. They wait here, paused and unread, in a queue as
 * long as the backlog; what comes beyond that is turned away, as a full backlog does.
 *
 * @module
 */

import { createServer, type Server as NodeServer, type Socket as NodeSocket } from "node:net";
import { type Address, isInetAddress } from "../../address/address.js";
import type { AcceptedConnection } from "../transport.js";
import { UnixSocketFile } from "../unix-socket-file.js";
import { descriptorOf, NodeChannel } from "./channel.js";
import { NodeConnection } from "./connection.js";
import { NodeStreamOptions } from "./stream-options.js";

interface Waiting extends AcceptedConnection {
  readonly socket: NodeSocket;
}

/** A socket that clients can connect to. */
export class NodeListener extends NodeChannel {
  readonly #server: NodeServer;
  #options: NodeStreamOptions;
  readonly #backlog: number;
  readonly #queue: Waiting[] = [];
  #address: Address;
  #file: UnixSocketFile | null = null;
  #error: Error | null = null;

  private constructor(address: Address, backlog: number, options: NodeStreamOptions) {
    super();
    this.#address = address;
    this.#backlog = backlog;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#server.on("connection", this.#onConnection);
  }

  /** Binds and listens, which are one step in Node. */
  static async open(address: Address, backlog: number, options: NodeStreamOptions): Promise<NodeListener> {
    const listener = new NodeListener(address, backlog, options);
    if (!isInetAddress(address)) listener.#file = await UnixSocketFile.claim(address);
    await listener.#listen();
    listener.#file?.created();
    return listener;
  }

  #listen(): Promise<void> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...this.#where(), backlog: this.#backlog, exclusive: true }, () => {
        server.off("error", reject);
        server.on("error", this.#onError);
        const bound = server.address();
        if (bound !== null && typeof bound === "object") this.#address = [bound.address, bound.port];
        resolve();
      });
    });
  }

  #where() {
    if (!isInetAddress(this.#address)) return { path: this.#address };
    const [host, port] = this.#address;
    return { host, port, ipv6Only: this.#options.ipv6Only, reusePort: this.#options.reusePort };
  }

  readonly #onConnection = (socket: NodeSocket): void => {
    const address = peerAddress(socket, this.#address);
    if (address === null) {
      // It came and went before anybody looked: there is nobody to serve.
      socket.destroy();
    } else if (this.#queue.length >= this.#backlog) {
      // The channel takes the socket's errors while it goes down.
      new NodeConnection(socket, new NodeStreamOptions(this.#options.family), this.#address, address).abort();
      this.owner?.onDrop(address, null);
    } else {
      const options = this.#options;
      options.applyTo(socket);
      const local = isWildcard(this.#address) ? null : this.#address;
      this.#queue.push({ socket, channel: new NodeConnection(socket, options, local, address), address });
      this.owner?.onReadable();
    }
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
    this.owner?.onReadable();
  };

  override tryAccept(): AcceptedConnection | null {
    const error = this.#error;
    if (error !== null) {
      this.#error = null;
      throw error;
    }
    return this.#queue.shift() ?? null;
  }

  override get readable(): boolean {
    return this.#queue.length > 0 || this.#error !== null;
  }

  override close(): void {
    this.owner = null;
    const closeServer = (): void => {
      this.#server.close();
    };
    if (this.#file === null) closeServer();
    else this.#file.closeKeepingForeignFile(closeServer);
    for (const { channel } of this.#queue.splice(0)) channel.abort();
  }

  override getsockname(): Address {
    return this.#address;
  }

  override fileno(): number {
    return descriptorOf(this.#server);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options = this.#options.with(level, option, value, null);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, true);
  }
}

/** Whether a listener there does not know at which of the machine's addresses a connection arrives. */
function isWildcard(address: Address): boolean {
  return isInetAddress(address) && (address[0] === "0.0.0.0" || address[0] === "::");
}

/** The peer's address, or `null` when the peer is gone already. A Unix client has no name: `""`. */
function peerAddress(socket: NodeSocket, listening: Address): Address | null {
  if (!isInetAddress(listening)) return "";
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined || remotePort === undefined ? null : [remoteAddress, remotePort];
}
