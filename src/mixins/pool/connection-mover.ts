/**
 * {@link ConnectionMover}: connections of the Node transport on their way to a child process.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { unsupported } from "../../core/errors.js";
import type { ToChild } from "../wire/messages.js";
import { describeConnection } from "../wire/node-connections.js";
import type { ConnectionCarrier, Departure } from "./handoff.js";

/**
 * Has Node copy connections, by `child.send(message, socket)`.
 *
 * With `keepOpen`: left to itself, Node would close its own copy when the child has it, but forget to where the child ends before.
 */
export class ConnectionMover implements ConnectionCarrier {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  send({ id, socket, clientAddress, refuse }: Departure): void {
    try {
      const lent = socket.lend();
      if (lent === null) {
        throw unsupported("Node cannot move this connection", "Accept it on the server's own transport.", "dup");
      }
      const connection = describeConnection(id, socket, clientAddress, lent.unread);
      const message: ToChild = { type: "connection", connection };
      this.#child.send(message, lent.socket, { keepOpen: true }, ignore);
    } catch (error) {
      refuse(error);
      return;
    }
    // Node tells nobody when the child had no room for it. This comes after it, or instead.
    const sent: ToChild = { type: "connection-sent", id };
    this.#child.send(sent, ignore);
  }

  /** Node cannot take anything back. */
  withdraw(): boolean {
    return false;
  }

  close(): void {}
}

/** A failure is no error of this process: the child has ended, which is told elsewhere. */
function ignore(): void {}
