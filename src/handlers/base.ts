/**
 * {@link BaseRequestHandler}: what every handler begins with.
 *
 * @module
 */

import type { BaseServer } from "../core/server/base-server.js";
import { events } from "../core/server/events.js";
import type { RequestHandler } from "../core/server/handler.js";
import type { Socket } from "../core/socket/socket.js";
import { bothFailures, HandlerBase } from "./lifecycle.js";

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
  extends HandlerBase<Request, Server>
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
    if (this.setup !== setup || this.finish !== finish || isWatched()) return this.#runAll();
    // With nothing before and after, handle() is all: an idle connection then holds one suspended function less.
    try {
      return Promise.resolve(this.handle());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #runAll(): Promise<void> {
    const { server, clientAddress } = this;
    if (events.handlerSetup.hasSubscribers) events.handlerSetup.publish({ server, clientAddress, handler: this });
    const preparing = this.setup();
    if (preparing !== undefined) await preparing;
    this.checkSetup();
    let failure: unknown;
    try {
      if (events.handlerHandle.hasSubscribers) events.handlerHandle.publish({ server, clientAddress, handler: this });
      await this.handle();
    } catch (error) {
      this.failed = true;
      failure = error;
    }
    try {
      if (events.handlerFinish.hasSubscribers) events.handlerFinish.publish({ server, clientAddress, handler: this });
      const finishing = this.finish();
      if (finishing !== undefined) await finishing;
    } catch (error) {
      throw this.failed ? bothFailures(failure, error) : error;
    }
    if (this.failed) throw failure;
  }
}

/** Whether anybody listens to the steps of handlers. */
function isWatched(): boolean {
  return (
    events.handlerSetup.hasSubscribers || events.handlerHandle.hasSubscribers || events.handlerFinish.hasSubscribers
  );
}
