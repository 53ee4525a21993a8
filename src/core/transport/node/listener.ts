/**
 * A listening stream socket on `node:net`.
 *
 * Node accepts connections as they come, asked or not. They wait here, paused and unread, in a queue as long as the backlog; what
 * comes beyond that is turned away, as a full backlog does.
 *
 * @module
 */

import { createServer, type DropArgument, type Server as NodeServer, type Socket as NodeSocket } from "node:net";
import { type Address, anyAddress, isInetAddress } from "../../address/address.js";
import { systemError } from "../system-error.js";
import type { AcceptedConnection } from "../transport.js";
import { UnixSocketFile } from "../unix-socket-file.js";
import { addressOf, type Endpoint, endpointOf, isWildcard, peerOf } from "./addresses.js";
import { NodeChannel } from "./channel.js";
import { NodeConnection } from "./connection.js";
import { hasRoomForClient } from "./descriptor-limit.js";
import { descriptorOf } from "./internals.js";
import type { NodeStreamOptions } from "./stream-options.js";

/** Milliseconds between two looks whether there are descriptors again. */
const ROOM_CHECK_MS = 50;

/** A socket that clients can connect to. */
export class NodeListener extends NodeChannel {
  readonly #server: NodeServer;
  #options: NodeStreamOptions;
  readonly #backlog: number;
  readonly #queue: AcceptedConnection[] = [];
  #address: Address;
  #file: UnixSocketFile | null = null;
  #error: Error | null = null;
  /** Runs while there are no descriptors for clients. */
  #roomCheck: NodeJS.Timeout | null = null;

  private constructor(address: Address, backlog: number, options: NodeStreamOptions) {
    super();
    this.#address = address;
    this.#backlog = backlog;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#server.on("connection", this.#onConnection).on("drop", this.#onDrop);
  }

  /** Binds and listens, which are one step in Node. */
  static async open(address: Address, backlog: number, options: NodeStreamOptions): Promise<NodeListener> {
    const listener = new NodeListener(address, backlog, options);
    const endpoint = endpointOf(address);
    if (!isInetAddress(address)) listener.#file = UnixSocketFile.claim(address);
    await listener.#listen(endpoint);
    listener.#file?.created();
    return listener;
  }

  #listen(endpoint: Endpoint): Promise<void> {
    const server = this.#server;
    const { ipv6Only, reusePort } = this.#options;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...endpoint, ipv6Only, reusePort, backlog: this.#backlog, exclusive: true }, () => {
        server.off("error", reject).on("error", this.#onError);
        const bound = server.address();
        if (bound !== null && typeof bound === "object")
          this.#address = addressOf(bound.address, bound.port) ?? this.#address;
        resolve();
      });
    });
  }

  readonly #onConnection = (socket: NodeSocket): void => {
    const options = this.#options;
    options.applyTo(socket);
    const isInet = isInetAddress(this.#address);
    // A Unix client has no name. One that has reset its connection already is served all the same: it may have sent something.
    const peer = isInet ? peerOf(socket) : "";
    const address = peer ?? anyAddress(options.family);
    const channel = new NodeConnection(socket, options, isWildcard(this.#address) ? null : this.#address, peer);
    if (this.#queue.length >= this.#backlog) {
      channel.abort();
      this.owner?.onDrop(address, null);
    } else {
      this.#queue.push({ channel, address });
      this.owner?.onReadable();
    }
    if (this.#roomCheck === null && !hasRoomForClient()) this.#turnClientsAway();
  };

  /** Has Node turn clients away, each with an event, as long as there are too few descriptors. */
  #turnClientsAway(): void {
    this.#server.maxConnections = 1;
    this.#roomCheck = setInterval(() => {
      if (!hasRoomForClient()) return;
      this.#server.maxConnections = Number.POSITIVE_INFINITY;
      this.#endRoomCheck();
    }, ROOM_CHECK_MS).unref();
    this.#onError(systemError("EMFILE"));
  }

  #endRoomCheck(): void {
    if (this.#roomCheck !== null) clearInterval(this.#roomCheck);
    this.#roomCheck = null;
  }

  readonly #onDrop = (client?: DropArgument): void => {
    const address = addressOf(client?.remoteAddress, client?.remotePort) ?? anyAddress(this.#options.family);
    this.owner?.onDrop(address, null);
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
    this.#endRoomCheck();
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
