/**
 * {@link ConnectionCarrier}: how connections get from the server to a child process.
 *
 * @module
 */

import type { Address } from "../core/address.js";
import type { Socket } from "../core/socket.js";

/** Connections that may be on their way to one child: what a busy child does not take, another one can have. */
export const MAX_ON_WAY = 128;

/** A connection that is to leave. */
export interface Departure {
  readonly id: number;
  readonly socket: Socket;
  readonly clientAddress: Address;
  /** Called when it cannot leave. */
  refuse(error: unknown): void;
}

/**
 * Sends copies of connections, and keeps the server's own until the child has confirmed that it has them: so there is no moment in
 * which nobody would close a connection, and what a child had not taken when it ended, another one can have.
 */
export interface ConnectionCarrier {
  /** Whether there is room for another connection. Where it says no, somebody is told when there is. */
  readonly hasRoom: boolean;
  /** Sends a connection. */
  send(departure: Departure): void;
  /** Takes back a connection that has not left yet. @returns whether it had not */
  withdraw(id: number): boolean;
  /** The child has a connection: it is closed here, without being ended. */
  confirm(id: number): void;
  /** Whether a connection has not been confirmed. */
  holds(id: number): boolean;
  /** Ends it, when the child has ended. What it still holds, it goes on holding. */
  close(): void;
}
