/**
 * A stream socket that is neither listening nor connected yet, on `node:net`.
 *
 * Node binds and listens in one step, and binds and connects in one. So a bound address is kept here until the socket
 * becomes the one or the other: an address in use shows at `listen()`, and a port 0 gets its number there.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket as NodeSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, anyAddress, isInetAddress } from "../../address/address.js";
import type { AddressFamily } from "../../constants.js";
import { codeOf } from "../../errors.js";
import { systemError } from "../system-error.js";
import type { Channel } from "../transport.js";
import { asNamed, type Endpoint, endpointOf, hostOf } from "./addresses.js";
import { NodeChannel } from "./channel.js";
import { NodeConnection } from "./connection.js";
import { NodeListener } from "./listener.js";
import { NodeStreamOptions } from "./stream-options.js";

/** Milliseconds between two attempts to connect to a Unix socket whose backlog is full. */
const RETRY_MS = 10;

/** Where every stream socket begins. */
export class NodeUnconnectedStream extends NodeChannel {
  #options: NodeStreamOptions;
  readonly #family: AddressFamily;
  #bound: Address | null = null;
  /** A call of `listen()` is under way, or has succeeded. */
  #isListening = false;
  /** Ends the attempt to connect that is under way. */
  #connecting: AbortController | null = null;

  constructor(family: AddressFamily) {
    super();
    this.#family = family;
    this.#options = new NodeStreamOptions(family);
  }

  override bind(address: Address): void {
    if (this.#bound !== null || this.#isListening || this.#connecting !== null) throw systemError("EINVAL");
    // An address that Node cannot use fails here already.
    endpointOf(address);
    this.#bound = address;
  }

  override async listen(backlog: number): Promise<Channel> {
    // One socket becomes one listener: a second would have no owner to close it.
    if (this.#isListening || this.#connecting !== null) throw systemError("EINVAL");
    this.#isListening = true;
    try {
      // As Linux does: a socket that was never bound listens on a free port of every interface.
      return await NodeListener.open(this.getsockname(), backlog, this.#options);
    } catch (error) {
      this.#isListening = false;
      throw error;
    }
  }

  override connect(address: Address, mayWait: boolean): Promise<Channel> {
    if (this.#connecting !== null) throw systemError("EALREADY");
    if (this.#isListening) throw systemError("EISCONN");
    const endpoint = endpointOf(address);
    this.#connecting = new AbortController();
    return this.#connect(address, endpoint, mayWait, this.#connecting.signal);
  }

  async #connect(address: Address, endpoint: Endpoint, mayWait: boolean, signal: AbortSignal): Promise<Channel> {
    try {
      const socket = await this.#attempt(endpoint, mayWait, signal);
      const local = isInetAddress(address) ? null : (this.#bound ?? "");
      const connection = new NodeConnection(socket, this.#options, local, asNamed(address));
      // What the peer says before it breaks the connection is read in time.
      connection.watch("read");
      return connection;
    } catch (error) {
      this.#connecting = null;
      throw signal.aborted ? systemError("EBADF") : error;
    }
  }

  /** Connects, and tries again where it may. @returns the connected socket, paused */
  async #attempt(endpoint: Endpoint, mayWait: boolean, signal: AbortSignal): Promise<NodeSocket> {
    for (;;) {
      const socket = connect({ ...endpoint, ...this.#localEnd(), allowHalfOpen: true, noDelay: this.#options.noDelay });
      // Before the first byte can come: reading starts when it is asked for.
      socket.pause();
      try {
        await once(socket, "connect", { signal });
        this.#options.applyTo(socket);
        return socket;
      } catch (error) {
        socket.destroy();
        if (!mayWait || codeOf(error) !== "EAGAIN") throw error;
        await sleep(RETRY_MS, undefined, { signal });
      }
    }
  }

  /** Node's options for the address that the socket is bound to. */
  #localEnd(): { localAddress?: string; localPort?: number } {
    if (this.#bound === null || !isInetAddress(this.#bound)) return {};
    return { localAddress: hostOf(this.#bound), localPort: this.#bound[1] };
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
    return this.#bound ?? anyAddress(this.#family);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options = this.#options.with(level, option, value, null);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, false);
  }
}
