/**
 * {@link BaseRequestHandler}: what every handler begins with.
 *
 * @module
 */

import type { BaseServer } from "../core/server/base-server.js";
import { events } from "../core/server/events.js";
import type { RequestHandler } from "../core/server/handler.js";
import type { Socket } from "../core/socket/socket.js";
import { HandlerCore } from "./lifecycle.js";

/**
 * Serves one request: subclass it and override {@link handle}. Source: `socketserver.BaseRequestHandler`.
 *
 * The server makes an instance for each request and calls {@link run}. The request is closed by the server afterwards.
 *
 * @typeParam Request a `Socket` for stream servers, a `DatagramRequest` for datagram servers.
 * @typeParam Server the server's class, where the handler uses more of it than every server has.
 * @example
 * ```ts
 * class Greeter extends BaseRequestHandler {
 *   override async handle(): Promise<void> {
 *     await this.request.sendall("hello\n");
 *   }
 * }
 * ```
 */
export class BaseRequestHandler<Request = Socket, Server extends object = BaseServer>
  extends HandlerCore<Request, Server>
  implements RequestHandler<Request>
{
  /** Prepares. May be overridden; does nothing here. When it fails, the other two are not called. */
  setup(): void | Promise<void> {}

  /** Serves the request. What it throws ends this request alone. Override it. */
  handle(): void | Promise<void> {}

  /** Cleans up, also when `handle()` has failed. May be overridden; does nothing here. */
  finish(): void | Promise<void> {}

  /** Calls the three in their order. The server calls it; it is not meant to be overridden. */
  run(): Promise<void> {
    const { setup, finish } = BaseRequestHandler.prototype;
    // With nothing before and after, handle() is all: an idle connection then holds one promise less.
    const handlesOnly = this.setup === setup && this.finish === finish && !isWatched();
    try {
      return Promise.resolve(handlesOnly ? this.handle() : this.runSteps());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @internal */
  protected override promiseOf(_step: string, returned: unknown): Promise<void> | null {
    return returned === undefined ? null : Promise.resolve(returned as Promise<void>);
  }
}

/** Whether anything listens to the steps of handlers. */
function isWatched(): boolean {
  return (
    events.handlerSetup.hasSubscribers || events.handlerHandle.hasSubscribers || events.handlerFinish.hasSubscribers
  );
}
