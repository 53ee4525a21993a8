/**
 * {@link ConnectionCarrier}: how connections get from the server to a child process.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import type { Socket } from "../../core/socket/socket.js";

/** A connection that is to leave. */
export interface Departure {
  readonly id: number;
  readonly socket: Socket;
  readonly clientAddress: Address;
  /** Called when it cannot leave. */
  refuse(error: unknown): void;
}

/**
 * Sends copies of connections: the server keeps its own until the child has confirmed that it has them. So there is no moment in
 * which nobody would close a connection.
 */
export interface ConnectionCarrier {
  /** Sends a connection. */
  send(departure: Departure): void;
  /** Takes back a connection that has not left yet. @returns whether it had not */
  withdraw(id: number): boolean;
  /** Ends it, when the child has ended. */
  close(): void;
}
