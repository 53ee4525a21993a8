/**
 * `this.server` of a handler that runs elsewhere: the methods of the real server, as awaited calls.
 *
 * The calls travel by comlink. Source of the idea: Python's `multiprocessing.managers`.
 *
 * @module
 */

import { type Endpoint, expose, type Remote, wrap } from "comlink";
import type { Address } from "../../core/address/address.js";
import type { BaseServer } from "../../core/server/base-server.js";

/**
 * A server as a handler in another thread or process sees it: every method is a call that is awaited, and every other
 * property a promise. What is passed and returned is copied (by structured clone).
 *
 * @example
 * ```ts
 * class Greet extends StreamRequestHandler<RemoteServer<GreetServer>> {
 *   override async handle() {
 *     await this.wfile.write(`${await this.server.nextNumber()}. Hi!\n`);
 *   }
 * }
 * ```
 */
export type RemoteServer<Server extends object = BaseServer> = Omit<Remote<Server>, "serverAddress"> & {
  /** The address that is served: known at once. */
  readonly serverAddress: Address;
};

/** Lets handlers elsewhere call a server's methods. */
export function exposeServer(server: BaseServer, endpoint: Endpoint): void {
  expose(new Proxy(server, { get: memberOf }), endpoint);
}

/** A member as a handler elsewhere is to have it: methods belong to the server wherever they are called from. */
export function memberOf(server: BaseServer, name: string | symbol): unknown {
  const value: unknown = Reflect.get(server, name, server);
  if (typeof value !== "function") return value;
  // It waits for its handlers, and one of them is who calls: that one must not wait for it in turn.
  if (name === "serverClose" || name === "shutdown") {
    return () => {
      void server[name]();
    };
  }
  return value.bind(server);
}

/** The server at the other end. */
export function connectServer(serverAddress: Address, endpoint: Endpoint): object {
  const remote = wrap<BaseServer>(endpoint);
  return new Proxy(remote, {
    get(target, name) {
      return name === "serverAddress" ? serverAddress : Reflect.get(target, name);
    },
  });
}
