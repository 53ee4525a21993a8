/**
 * A stream socket that is neither listening nor connected yet, on `node:net`.
 *
 * Node binds and listens in one step, and binds and connects in one. So a bound address is kept here until the socket
 * becomes the one or the other: an address in use shows at `listen()`, and a port 0 gets its number there.
 *
 * @module
 */

import { connect, type TcpNetConnectOpts } from "node:net";
import { type Address, isInetAddress } from "../../address/address.js";
import { type AddressFamily, AF_INET6, AF_UNIX } from "../../constants.js";
import { systemError } from "../system-error.js";
import type { Channel } from "../transport.js";
import { NodeChannel } from "./channel.js";
import { NodeConnection } from "./connection.js";
import { NodeListener } from "./listener.js";
import { NodeStreamOptions } from "./stream-options.js";

/** Where every stream socket begins. */
export class NodeUnconnectedStream extends NodeChannel {
  #options: NodeStreamOptions;
  readonly #family: AddressFamily;
  #bound: Address | null = null;
  /** A call of `listen()` is under way, or has succeeded. */
  #listening = false;
  #connecting: { abort(): void } | null = null;

  constructor(family: AddressFamily) {
    super();
    this.#family = family;
    this.#options = new NodeStreamOptions(family);
  }

  override async bind(address: Address): Promise<void> {
    if (this.#bound !== null || this.#listening || this.#connecting !== null) throw systemError("EINVAL");
    this.#bound = address;
  }

  override async listen(backlog: number): Promise<Channel> {
    // One socket becomes one listener: a second would have no owner, and nobody to close it.
    if (this.#listening || this.#connecting !== null) throw systemError("EINVAL");
    this.#listening = true;
    try {
      // As Linux does: a socket that was never bound listens on a free port of every interface.
      return await NodeListener.open(this.#bound ?? this.getsockname(), backlog, this.#options);
    } catch (error) {
      this.#listening = false;
      throw error;
    }
  }

  override connect(address: Address): Promise<Channel> {
    if (this.#connecting !== null) return Promise.reject(systemError("EALREADY"));
    if (this.#listening) return Promise.reject(systemError("EISCONN"));
    const socket = connect({ ...this.#target(address), allowHalfOpen: true });
    // Paused before the first byte can come: reading starts when somebody asks.
    socket.pause();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#connecting = null;
        socket.off("connect", onConnect);
        socket.off("error", onError);
      };
      const onConnect = (): void => {
        settle();
        this.#options.applyTo(socket);
        const local = isInetAddress(address) ? null : (this.#bound ?? "");
        // Named as accept() names peers, whatever the caller's address had beside host and port.
        const peer: Address = isInetAddress(address) ? [address[0], address[1]] : address;
        resolve(new NodeConnection(socket, this.#options, local, peer));
      };
      const onError = (error: Error): void => {
        settle();
        reject(error);
      };
      socket.once("connect", onConnect);
      socket.once("error", onError);
      this.#connecting = {
        abort: () => {
          settle();
          socket.destroy();
          reject(systemError("EBADF"));
        },
      };
    });
  }

  #target(address: Address): TcpNetConnectOpts | { path: string } {
    if (!isInetAddress(address)) return { path: address };
    const [host, port] = address;
    const target: TcpNetConnectOpts = { host, port, noDelay: this.#options.noDelay };
    if (this.#bound === null || !isInetAddress(this.#bound)) return target;
    const [localAddress, localPort] = this.#bound;
    return { ...target, localAddress, localPort };
  }

  // While it is connecting, sending and receiving would have to wait; before that they make no sense.
  override tryReceive(): Buffer | null {
    return this.#waitForConnection();
  }
  override trySend(): number | null {
    return this.#waitForConnection();
  }
  #waitForConnection(): null {
    if (this.#connecting === null) throw systemError("ENOTCONN");
    return null;
  }

  // As from the kernel: a socket that is not connected has nothing to wait for.
  override get readable(): boolean {
    return this.#connecting === null;
  }
  override get writable(): boolean {
    return this.#connecting === null;
  }

  override close(): void {
    this.#connecting?.abort();
  }

  override getsockname(): Address {
    if (this.#bound !== null) return this.#bound;
    if (this.#family === AF_UNIX) return "";
    return [this.#family === AF_INET6 ? "::" : "0.0.0.0", 0];
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options = this.#options.with(level, option, value, null);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, false);
  }
}
