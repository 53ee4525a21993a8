/**
 * {@link MultiplexingMixIn}: many requests at once in one event loop.
 *
 * @module
 */

import type { Address } from "../core/address/address.js";
import { defaults } from "../core/defaults.js";
import type { BaseServer } from "../core/server/base-server.js";
import type { ServerOptionName, UnhandledErrors } from "../core/server/options.js";

/** The parameters of a mix-in's constructor. */
// biome-ignore lint/suspicious/noExplicitAny: TypeScript wants exactly `any[]` of a mix-in's constructor (TS2545).
export type AnyArguments = any[];

/** A server class that a mix-in can extend. */
export type ServerClass = (abstract new (
  ...args: AnyArguments
) => BaseServer) & {
  readonly optionNames: readonly ServerOptionName[];
};

/** What {@link MultiplexingMixIn} adds to a server. */
export interface Multiplexing {
  /** Requests that run at once; while there are so many, further clients wait. */
  maxConnections: number;
  /** What an error ends that a handler leaves unhandled: see the option of the same name. */
  unhandledErrors: UnhandledErrors;
}

/**
 * Makes a server run its requests at the same time, in the event loop: while one handler waits for its client, the others
 * go on. Everything is shared, and only one runs at any moment, so no locks are needed.
 *
 * Beyond Python, where the nearest thing is a loop over `select()`.
 *
 * @example
 * ```ts
 * class ChatServer extends MultiplexingMixIn(TCPServer) {}
 * ```
 */
export function MultiplexingMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => Multiplexing) {
  abstract class MultiplexingServer extends Server implements Multiplexing {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...Server.optionNames,
      "maxConnections",
      "unhandledErrors",
    ];

    maxConnections: number = defaults.maxConnections;
    unhandledErrors: UnhandledErrors = defaults.unhandledErrors;

    protected override get followsRequests(): boolean {
      return this.unhandledErrors === "end-request";
    }

    protected override get canAccept(): boolean {
      return this.activeRequests < this.maxConnections;
    }

    /** Starts the request, and lets the loop go on with the next. */
    override processRequest(request: unknown, clientAddress: Address): void {
      this.startRequest(request, clientAddress);
    }
  }
  return MultiplexingServer;
}
