/**
 * {@link HandlerBase}: what all handlers are, whether they await or block.
 *
 * @module
 */

import type { Address } from "../core/address/address.js";
import { ExitRequest } from "../core/errors.js";

/** One request, whom it comes from, and the server that it came to. */
export abstract class HandlerBase<Request, Server extends object> {
  /**
   * Where the class is to be found: `import.meta.url` of the module that exports it, under its own name. Only for servers
   * that run handlers in other threads or processes, which import it there.
   */
  static readonly module: string | undefined = undefined;

  /** The request: the connection, or the datagram with the socket to answer by. */
  readonly request: Request;
  /** Whom it comes from. */
  readonly clientAddress: Address;
  /** The server that it came to. */
  readonly server: Server;

  /** Whether `handle()` has failed: for `finish()` to know. */
  protected failed = false;

  constructor(request: Request, clientAddress: Address, server: Server) {
    this.request = request;
    this.clientAddress = clientAddress;
    this.server = server;
  }

  /** For subclasses: throws when `setup()` has not made what the others need, such as for want of `super.setup()`. */
  protected checkSetup(): void {}
}

/** What a request fails with whose `handle()` has failed, and whose `finish()` after it as well. */
export function bothFailures(handling: unknown, finishing: unknown): unknown {
  // The server is to end: that outweighs the other failure, which is kept where it came first.
  if (handling instanceof ExitRequest) return handling;
  if (finishing instanceof ExitRequest) {
    finishing.cause ??= handling;
    return finishing;
  }
  return new AggregateError([handling, finishing], "handle() failed, and finish() after it");
}

/** The error for a handler whose `setup()` did not call the one it overrides. @param call how it is called: `super.setup()` */
export function forgottenSetup(handler: object, call: string): TypeError {
  const { name } = handler.constructor;
  return new TypeError(`${name}.setup() did not call super.setup(): begin it with "${call};".`);
}
