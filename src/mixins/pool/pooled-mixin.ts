/**
 * {@link RunnerMixIn}: what servers that run handlers in threads and in child processes have in common.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import { runOutside } from "../../core/async-context.js";
import { defaults } from "../../core/defaults.js";
import { isBlockingHandler } from "../../core/server/blocking-handler.js";
import type { ServerOptionName } from "../../core/server/options.js";
import type { AnyArguments, ServerClass } from "../multiplexing.js";
import type { RequestHost } from "./remote-requests.js";
import { ServerRunners } from "./server-runners.js";

// Symbols, since a subclass may have fields of any name.

/** The threads or children of a server. */
export const runners: unique symbol = Symbol("runners");
/** Whether the handlers of a server block, and need a thread or a child each. */
export const blocks: unique symbol = Symbol("blocks");

/** What {@link RunnerMixIn} adds to a server. */
export interface Running<Host extends RequestHost> {
  /** Requests that run at once, in all threads or children together; while there are so many, further clients wait. */
  maxConnections: number;
  /** Seconds after which a request is broken off, with what it runs in if it must be; `null` for never. */
  requestTimeout: number | null;
  /** @internal */
  readonly [runners]: ServerRunners<Host>;
  /** @internal */
  readonly [blocks]: boolean;
}

/**
 * Makes a server whose requests run elsewhere. Which threads or children there are, and when they are started, the mix-in on
 * top of it says, in `serverActivate()`.
 *
 * @param where for messages.
 */
export function RunnerMixIn<Base extends ServerClass, Host extends RequestHost>(
  Server: Base,
  where: "threads" | "processes",
): Base & (abstract new (...args: AnyArguments) => Running<Host>) {
  if (blocks in Server.prototype) {
    throw new TypeError(
      `Cannot have ${Server.name} run its requests in ${where}: it has threads or processes for them already. ` +
        "Apply the mix-in to a server without, such as TCPServer.",
    );
  }
  abstract class RunnerServer extends Server implements Running<Host> {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...Server.optionNames,
      "maxConnections",
      "requestTimeout",
    ];

    maxConnections: number = defaults.maxConnections;
    requestTimeout: number | null = defaults.requestTimeout;

    readonly [runners]: ServerRunners<Host> = new ServerRunners<Host>(this, where);

    get [blocks](): boolean {
      return isBlockingHandler(this.RequestHandlerClass);
    }

    protected override get runsBlockingHandlers(): boolean {
      return true;
    }

    /** Starts the request, and lets the loop go on with the next. */
    override processRequest(request: unknown, clientAddress: Address): void {
      this.startRequest(request, clientAddress);
    }

    /** Has a thread or child run the handler, and waits until it has. */
    override async finishRequest(request: unknown, clientAddress: Address): Promise<void> {
      const leftError = (error: Error): void => void this.reportFailure(request, clientAddress, error);
      const terms = { clientAddress, leftError, timeout: this.requestTimeout };
      // Outside: a thread or child that is started for this request outlives it, and what it says is not this request's.
      await runOutside(() => this[runners].run(request, terms));
    }

    override async abortRequest(request: unknown): Promise<void> {
      if (!this[runners].breakOff(request)) await super.abortRequest(request);
    }

    /** Ends the threads or children that were started. */
    protected override async undoActivation(): Promise<void> {
      await this[runners].abandon();
      await super.undoActivation();
    }

    /** Ends the threads or children, too; with `blockOnClose` off, each when it has done what it is doing. */
    override async serverClose(): Promise<void> {
      await this[runners].closeAround(
        () => super.serverClose(),
        () => !this.blockOnClose,
      );
    }
  }
  return RunnerServer;
}
