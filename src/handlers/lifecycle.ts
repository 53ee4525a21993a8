/**
 * {@link HandlerCore}: what all handlers are, and the steps of their life, whether they await or block.
 *
 * @module
 */

import type { Address } from "../core/address/address.js";
import { ExitRequest } from "../core/errors.js";
import { events } from "../core/server/events.js";

/** What a step returns: a promise when the next one has to wait for it. */
type Step = void | Promise<void>;

/** One request, the client's address, and the server; and how it is served: `setup()`, `handle()`, `finish()`. */
export abstract class HandlerCore<Request, Server extends object> {
  /**
   * Where the class is to be found: `import.meta.url` of the module that exports it, under its own name. Only for servers
   * that run handlers in other threads or processes, which import it there.
   */
  static readonly module: string | undefined = undefined;

  /** The request: the connection, or the datagram with the socket to answer by. */
  readonly request: Request;
  /** The client's address. */
  readonly clientAddress: Address;
  /** The server that the request came to. */
  readonly server: Server;

  /** Whether `handle()` has failed: for `finish()` to know. */
  protected failed = false;

  constructor(request: Request, clientAddress: Address, server: Server) {
    this.request = request;
    this.clientAddress = clientAddress;
    this.server = server;
  }

  /** Prepares. When it fails, the other two are not called. */
  abstract setup(): Step;

  /** Serves the request. */
  abstract handle(): Step;

  /** Cleans up, also when `handle()` has failed. */
  abstract finish(): Step;

  /** For subclasses: throws when `setup()` has not made what the others need, such as for want of `super.setup()`. */
  protected checkSetup(): void {}

  /** @internal The promise of a step, if it has returned one. @throws TypeError when this face does not await. */
  protected abstract promiseOf(step: string, returned: unknown): Promise<void> | null;

  /** @internal Calls the three in their order. It promises only where one of them does. */
  protected runSteps(): Step {
    const { server, clientAddress } = this;
    if (events.handlerSetup.hasSubscribers) events.handlerSetup.publish({ server, clientAddress, handler: this });
    const preparing = this.promiseOf("setup", this.setup());
    return preparing === null ? this.#serve() : preparing.then(() => this.#serve());
  }

  #serve(): Step {
    this.checkSetup();
    const { server, clientAddress } = this;
    try {
      if (events.handlerHandle.hasSubscribers) events.handlerHandle.publish({ server, clientAddress, handler: this });
      const serving = this.promiseOf("handle", this.handle());
      if (serving !== null) {
        return serving.then(
          () => this.#cleanUp(null),
          (error: unknown) => this.#cleanUp({ error }),
        );
      }
    } catch (error) {
      return this.#cleanUp({ error });
    }
    return this.#cleanUp(null);
  }

  /** @param failure of `handle()`; the request fails with it. */
  #cleanUp(failure: { readonly error: unknown } | null): Step {
    const { server, clientAddress } = this;
    this.failed = failure !== null;
    try {
      if (events.handlerFinish.hasSubscribers) events.handlerFinish.publish({ server, clientAddress, handler: this });
      const finishing = this.promiseOf("finish", this.finish());
      if (finishing !== null) return failure === null ? finishing : failAfter(finishing, failure.error);
    } catch (error) {
      throw failure === null ? error : bothFailures(failure.error, error);
    }
    if (failure !== null) throw failure.error;
  }
}

async function failAfter(finishing: Promise<void>, handling: unknown): Promise<never> {
  try {
    await finishing;
  } catch (error) {
    throw bothFailures(handling, error);
  }
  throw handling;
}

/** What a request fails with whose `handle()` has failed, and whose `finish()` after it as well. */
function bothFailures(handling: unknown, finishing: unknown): unknown {
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

/** The error for a handler whose server has requests of the other kind. @param serves what it serves, and what to extend else */
export function wrongRequest(handler: object, serves: string): TypeError {
  return new TypeError(`${handler.constructor.name} serves ${serves}.`);
}
