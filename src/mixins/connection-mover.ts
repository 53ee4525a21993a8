/**
 * {@link ConnectionMover}: connections of the Node transport on their way to a child process.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPIDLE, TCP_NODELAY } from "../core/constants.js";
import { unsupported } from "../core/errors.js";
import type { Socket } from "../core/socket.js";
import { type ConnectionCarrier, type Departure, MAX_ON_WAY } from "./connection-carrier.js";
import type { ToChild } from "./messages.js";

/** Options that Node sets when it is told to, and cannot read off a connection that was made elsewhere. */
const OPTIONS = [
  [IPPROTO_TCP, TCP_NODELAY],
  [SOL_SOCKET, SO_KEEPALIVE],
  [IPPROTO_TCP, TCP_KEEPIDLE],
] as const;

/**
 * Has Node copy connections, by `child.send(message, socket)`.
 *
 * With `keepOpen`: left to itself, Node would close its own copy when the child has it, but forget to where the child ends before.
 */
export class ConnectionMover implements ConnectionCarrier {
  readonly #child: ChildProcess;
  readonly #onRoom: () => void;
  readonly #onWay = new Map<number, Socket>();

  /** @param onRoom called when there may be room for more. */
  constructor(child: ChildProcess, onRoom: () => void) {
    this.#child = child;
    this.#onRoom = onRoom;
  }

  get hasRoom(): boolean {
    return this.#onWay.size < MAX_ON_WAY;
  }

  send({ id, socket, clientAddress, refuse }: Departure): void {
    try {
      const lent = socket.lend();
      if (lent === null) {
        throw unsupported("Node cannot move this connection", "Accept it on the server's own transport.", "dup");
      }
      const set = OPTIONS.map(([level, option]) => [level, option, socket.getsockopt(level, option)] as const);
      const options = set.filter(([, , value]) => value !== 0);
      const message: ToChild = {
        type: "connection",
        connection: { id, clientAddress, unread: lent.unread, options },
      };
      this.#child.send(message, lent.socket, { keepOpen: true }, ignore);
    } catch (error) {
      refuse(error);
      return;
    }
    this.#onWay.set(id, socket);
    // Node tells nobody when the child had no room for it. This comes after it, or instead.
    const sent: ToChild = { type: "connection-sent", id };
    this.#child.send(sent, ignore);
  }

  /** Node cannot take anything back. */
  withdraw(): boolean {
    return false;
  }

  confirm(id: number): void {
    const socket = this.#onWay.get(id);
    if (socket === undefined) return;
    this.#onWay.delete(id);
    void socket.close();
    this.#onRoom();
  }

  holds(id: number): boolean {
    return this.#onWay.has(id);
  }

  close(): void {}
}

/** A failure is no error of this process: the child has ended, which is told elsewhere. */
function ignore(): void {}
