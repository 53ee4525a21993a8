/**
 * {@link PooledMixIn}: what servers that run handlers in threads and in child processes have in common.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import { runDetached } from "../../core/async-context.js";
import { defaults } from "../../core/defaults.js";
import { closedError, osError, unsupported } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { isBlockingHandler, type WithBlockingHandlers } from "../../core/server/blocking-handler.js";
import { events } from "../../core/server/events.js";
import type { ServerOptionName } from "../../core/server/options.js";
import type { DatagramRequest } from "../../core/server/requests.js";
import { Socket } from "../../core/socket/socket.js";
import type { Transport } from "../../core/transport/transport.js";
import type { AnyArguments, ServerClass } from "../multiplexing.js";
import { unpackError } from "../wire/error-codec.js";
import { moduleOf, refuseContainer, type WithModules } from "../wire/handler-module.js";
import type { WorkerConfig } from "../wire/messages.js";
import { type PoolOptions, WorkerPool } from "./pool.js";
import type { Job, WorkerHandle } from "./worker.js";

// Symbols, since a subclass may have fields of any name.

/** The threads or children of a server. */
export const workers: unique symbol = Symbol("workers");
/** Whether the handlers of a server block, and need a thread or a child each. */
export const blocks: unique symbol = Symbol("blocks");

/** What {@link PooledMixIn} adds to a server. */
export interface Running<Host extends RequestHost> {
  /** Requests that run at once, in all threads or children together; while there are so many, further clients wait. */
  maxConnections: number;
  /** Seconds after which a request is broken off, with what it runs in if it must be; `null` for never. */
  requestTimeout: number | null;
  /** @internal */
  readonly [workers]: ServerWorkers<Host>;
  /** @internal */
  readonly [blocks]: boolean;
}

/**
 * Makes a server whose requests run elsewhere. Which threads or children there are, and when they are started, the mix-in on
 * top of it says, in `serverActivate()`.
 *
 * @param where for messages.
 */
export function PooledMixIn<Base extends ServerClass, Host extends RequestHost>(
  Server: Base,
  where: "threads" | "processes",
): Base & (abstract new (...args: AnyArguments) => Running<Host>) {
  if (blocks in Server.prototype) {
    throw new TypeError(
      `Cannot have ${Server.name} run its requests in ${where}: it has threads or processes for them already. ` +
        "Apply the mix-in to a server without, such as TCPServer.",
    );
  }
  abstract class PooledServer extends Server implements Running<Host> {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...Server.optionNames,
      "maxConnections",
      "requestTimeout",
    ];

    maxConnections: number = defaults.maxConnections;
    requestTimeout: number | null = defaults.requestTimeout;

    readonly [workers]: ServerWorkers<Host> = new ServerWorkers<Host>(this, where);

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
      await runDetached(() => this[workers].run(request, terms));
    }

    override async abortRequest(request: unknown): Promise<void> {
      if (!this[workers].abort(request)) await super.abortRequest(request);
    }

    /** Ends the threads or children that were started. */
    protected override async undoActivation(): Promise<void> {
      await this[workers].abortAll();
      await super.undoActivation();
    }

    /** Ends the threads or children, too; with `blockOnClose` off, each when it has done what it is doing. */
    override async serverClose(): Promise<void> {
      await this[workers].closeWith(
        () => super.serverClose(),
        () => !this.blockOnClose,
      );
    }
  }
  return PooledServer;
}

/** What a mix-in that runs handlers elsewhere makes of a server class: the same, whose handlers may also block. */
export type PooledServerClass<Base extends ServerClass, Added> = {
  readonly [Name in keyof Base]: Base[Name];
} & (abstract new (
  ...parameters: WithModules<WithBlockingHandlers<ConstructorParameters<Base>>>
) => InstanceType<Base> & Added);

/** What a mix-in says of its pool; the rest is the same for all. */
export type WorkerOptions<Host extends RequestHost> = Omit<PoolOptions<Host>, "onUnexpectedExit">;

/** Starts the pool of a server, has its requests run there, and ends it with the server. */
export class ServerWorkers<Host extends RequestHost> {
  readonly server: BaseServer;
  readonly #where: "threads" | "processes";
  #pool: WorkerPool<Host> | null = null;
  #requests: RemoteRequests<Host> | null = null;
  #closing = false;

  /** @param where the handlers run, for messages. */
  constructor(server: BaseServer, where: "threads" | "processes") {
    this.server = server;
    this.#where = where;
  }

  /** The workers that there are, started or starting. */
  get workers(): Iterable<Host> {
    return this.#pool?.workers ?? [];
  }

  /** Checks whether the handler can run there. @throws TypeError, UnsupportedOperation; they say what to do */
  check({ name, features }: Transport): void {
    const { RequestHandlerClass, container } = this.server;
    if (isBlockingHandler(RequestHandlerClass) && !features.blockingSockets) {
      throw unsupported(
        `The ${name} transport has no sockets that block, as ${RequestHandlerClass.name} needs them`,
        "Use the native transport (capabilities() tells why it is not in use), or extend a handler that awaits.",
        "socket",
      );
    }
    refuseContainer(RequestHandlerClass, container, this.#where);
    moduleOf(RequestHandlerClass, this.#where);
  }

  /** What each worker is made for, once the server has its address. */
  config(transport: Transport): WorkerConfig {
    const { RequestHandlerClass, serverAddress, socketType, addressFamily } = this.server;
    return {
      ...moduleOf(RequestHandlerClass, this.#where),
      serverName: this.server.constructor.name,
      serverAddress,
      socketType,
      addressFamily,
      usesDescriptors: transport.features.descriptors,
    };
  }

  /** Starts the pool. @throws Error why it cannot be started; ClosedResourceError when the server is closed meanwhile */
  async start(options: WorkerOptions<Host>): Promise<void> {
    const server = this.server;
    const closed = (): Error => closedError(`open ${server.constructor.name}`, "bind");
    if (this.#closing) throw closed();
    const onUnexpectedExit = (error: Error): void => events.error.publish({ server, error, clientAddress: null });
    const pool = new WorkerPool({ ...options, onUnexpectedExit });
    this.#pool = pool;
    try {
      await pool.start();
    } catch (error) {
      this.#pool = null;
      await pool.close();
      throw this.#closing ? closed() : error;
    }
    this.#requests = new RemoteRequests(pool);
  }

  /** The server does not open after all. Resolves when the pool has ended, if there is any. */
  async abortAll(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    this.#requests = null;
    await pool?.close();
  }

  /** Has a request run, and waits until it has. @throws what its handler has thrown; why it could not run */
  async run(request: unknown, terms: RequestTerms): Promise<void> {
    if (this.#requests === null) throw closedError(`run a request of ${this.server.constructor.name}`, "request");
    await this.#requests.run(request as Socket | DatagramRequest, terms);
  }

  /** Breaks a request off. @returns `false` when its connection is still the server's, which is to break it */
  abort(request: unknown): boolean {
    return this.#requests?.abort(request as Socket | DatagramRequest) ?? false;
  }

  /** Ends those that are not needed. Resolves when they are gone. */
  async collect(): Promise<void> {
    await this.#pool?.collect();
  }

  /**
   * Closes the server, and then ends the pool.
   *
   * @param close closes the server, and waits for the handlers as it should.
   * @param goesOn asked then: whether the handlers that still run may finish. The pool ends when they have; nobody waits for it.
   */
  async closeWith(close: () => Promise<void>, goesOn: () => boolean): Promise<void> {
    this.#closing = true;
    const pool = this.#pool;
    // A start is not waited for: a handler's module may take for ever to load.
    if (this.#requests === null) void pool?.close();
    else pool?.stopStarting();
    try {
      await close();
    } finally {
      if (goesOn()) pool?.retire();
      else await pool?.close();
    }
  }
}

/** A worker that requests can be handed to. */
export interface RequestHost extends WorkerHandle {
  /** Hands a request over, and tells its number there; `null` when the worker has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null;
}

/** What is to be known of a request beside itself. */
export type RequestTerms = Pick<Job, "clientAddress" | "leftError"> & {
  /** Seconds that it may take, from when it was handed over; `null` for ever. */
  readonly timeout: number | null;
};

/** Has requests run by a pool, and breaks them off. */
export class RemoteRequests<Host extends RequestHost> {
  readonly #pool: WorkerPool<Host>;
  /** How to break a request off; what that returns says whether its connection is broken by it. */
  readonly #aborts = new WeakMap<Socket | DatagramRequest, () => boolean>();

  constructor(pool: WorkerPool<Host>) {
    this.#pool = pool;
  }

  /** Waits until a handler has run elsewhere. @throws what it has thrown there; TimeoutError; why it could not run. */
  async run(request: Socket | DatagramRequest, { timeout, ...about }: RequestTerms): Promise<void> {
    let late = false;
    let unwanted = false;
    let timer: NodeJS.Timeout | null = null;
    // As long as nobody has it, it is only taken out of the queue.
    const abortQueued = (): boolean => {
      unwanted = true;
      return false;
    };
    this.#aborts.set(request, abortQueued);
    try {
      const result = await this.#pool.run(about, (worker, job) => {
        if (unwanted) {
          job.settle(closedError("run a request", "request"));
          return true;
        }
        const id = worker.give(job, request);
        if (id === null) return false;
        // A worker that has ended meanwhile may have left it to the next one: then it is in the queue again.
        this.#aborts.set(request, () => worker.abort(id) || abortQueued());
        if (timer !== null) clearTimeout(timer);
        if (timeout !== null) {
          timer = setTimeout(() => {
            late = worker.abort(id);
          }, timeout * 1000);
        }
        return true;
      });
      if (request instanceof Socket && result.counters !== null) request.settleCounters(result.counters);
      if (result.error !== null && !late) throw unpackError(result.error);
    } catch (error) {
      if (!late) throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
      this.#aborts.delete(request);
    }
    if (late) throw osError(`finish the request within ${timeout} s`, "ETIMEDOUT", "request");
  }

  /** Breaks a request off. @returns `false` when its connection is still the server's, which is to break it */
  abort(request: Socket | DatagramRequest): boolean {
    return this.#aborts.get(request)?.() ?? false;
  }
}
