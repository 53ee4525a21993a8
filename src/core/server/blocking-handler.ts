/**
 * What a server knows of blocking handlers: their classes, and where they cannot run.
 *
 * @module
 */

import { type AddressFamily, AF_UNIX, SOCK_STREAM, type SocketKind } from "../constants.js";
import type { RequestHandlerClass } from "./handler.js";
import type { BlockingRequestOf } from "./requests.js";

/** A blocking handler, as the server sees it: something made for one request, which runs to its end when it is told to. */
export interface BlockingHandler<Request = unknown> {
  readonly request: Request;
  /** Serves the request. */
  run(): void;
}

/** A class of blocking handlers for a kind of request, constructed as a `RequestHandlerClass` is. */
export type BlockingRequestHandlerClass<Request = unknown> = (new (
  ...args: never[]
) => BlockingHandler<Request>) & {
  readonly blocking: true;
};

/** The parameters of a server's constructor, where a handler class may also be a blocking one. */
export type WithBlockingHandlers<Parameters extends readonly unknown[]> = {
  [Index in keyof Parameters]: Parameters[Index] extends RequestHandlerClass<infer Request>
    ? Parameters[Index] | BlockingRequestHandlerClass<BlockingRequestOf<Request>>
    : Parameters[Index];
};

/** Whether a handler class blocks the thread that it runs in. */
export function isBlockingHandler(HandlerClass: object): boolean {
  return Reflect.get(HandlerClass, "blocking") === true;
}

/** The error for a server that runs its handlers in its own thread. */
export function blockingHandlerError(
  serverName: string,
  handlerName: string,
  kind: SocketKind,
  family: AddressFamily,
): TypeError {
  const protocol = kind === SOCK_STREAM ? (family === AF_UNIX ? "UnixStream" : "TCP") : undefined;
  const base = `${protocol ?? (family === AF_UNIX ? "UnixDatagram" : "UDP")}Server`;
  return new TypeError(
    `Cannot run ${handlerName} in ${serverName}: it blocks, and with it everything else in this thread. Use Threading${base} ` +
      `or Forking${base} (a class of your own: ThreadingMixIn(${base}), ForkingMixIn(${base})), where each request has a ` +
      "thread or a process to itself; or extend a handler that awaits.",
  );
}
