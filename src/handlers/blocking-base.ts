/**
 * {@link BlockingRequestHandler}: what every blocking handler begins with.
 *
 * @module
 */

import type { BlockingSocket } from "../core/blocking/socket.js";
import type { BaseServer } from "../core/server/base-server.js";
import type { BlockingHandler } from "../core/server/blocking-handler.js";
import { HandlerCore } from "./lifecycle.js";

/**
 * A server as a blocking handler, in a thread or process of its own, sees it: every method is a call that blocks until the
 * server has answered, and returns what that promises; every other property is read by such a call, a promise as what it
 * promises. What is passed and returned is copied (by structured clone). Nothing can be assigned.
 *
 * `serverClose()` and `shutdown()` return at once: they wait for the handlers, and this is one of them.
 *
 * @example
 * ```ts
 * class Greet extends BlockingStreamRequestHandler<BlockingRemoteServer<GreetServer>> {
 *   static override readonly module = import.meta.url;
 *
 *   override handle() {
 *     this.wfile.write(`${this.server.nextNumber()}. Hi!\n`);
 *   }
 * }
 * ```
 */
export type BlockingRemoteServer<Server extends object = BaseServer> = {
  readonly [Name in keyof Server]: Server[Name] extends (...args: infer Parameters) => infer Result
    ? (...args: Parameters) => Awaited<Result>
    : Awaited<Server[Name]>;
};

/**
 * Serves one request as a Python program does: `handle()` is synchronous, and each call on the connection blocks until it is
 * done. Subclass it and override {@link handle}. Source: `socketserver.BaseRequestHandler`.
 *
 * It needs a thread or a process for itself, and so a Threading server, which starts one for each request that runs, up to
 * `maxThreads`, or a Forking one (`maxChildren`); and it needs the native transport. As every handler that runs there, it names
 * its module and shares no memory with the server. Timers, promises and messages of its thread wait until it returns. The
 * request is closed by the server afterwards.
 *
 * What the server cuts off (`shutdownTimeout`, `requestTimeout`) finds every blocking call of its thread failing, with a
 * ClosedResourceError, whatever socket it is made on.
 *
 * @typeParam Request a `BlockingSocket` for stream servers, a `BlockingDatagramRequest` for datagram servers.
 * @typeParam Server a {@link BlockingRemoteServer} of the server's class, where the handler uses more of it than every server
 *   has.
 * @example
 * ```ts
 * export class Echo extends BlockingRequestHandler {
 *   static override readonly module = import.meta.url;
 *
 *   override handle(): void {
 *     for (let data = this.request.recv(1024); data.length > 0; data = this.request.recv(1024)) this.request.sendall(data);
 *   }
 * }
 * ```
 */
export class BlockingRequestHandler<Request = BlockingSocket, Server extends object = BlockingRemoteServer>
  extends HandlerCore<Request, Server>
  implements BlockingHandler<Request>
{
  /** By this servers know that a handler needs a thread or a process for itself. */
  static readonly blocking = true;

  /** Prepares. May be overridden; does nothing here. When it fails, the other two are not called. */
  setup(): void {}

  /** Serves the request. What it throws ends this request alone. Override it. */
  handle(): void {}

  /** Cleans up, also when `handle()` has failed. May be overridden; does nothing here. */
  finish(): void {}

  /** Calls the three in their order. The server calls it; it is not meant to be overridden. */
  run(): void {
    this.runSteps();
  }

  /** @internal Nothing here waits for a promise, and TypeScript allows `async` where `void` is wanted. */
  protected override promiseOf(step: string, returned: unknown): null {
    if (!(returned instanceof Promise)) return null;
    // Its failure, if it has one, is the same mistake.
    returned.catch(() => {});
    throw new TypeError(
      `${this.constructor.name}.${step}() is asynchronous, and this is a blocking handler: leave out async and await, or ` +
        "extend the handler without Blocking in its name.",
    );
  }
}
