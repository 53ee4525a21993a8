/**
 * {@link ThreadingMixIn}: every request in a worker thread of a pool.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import type { Address } from "../core/address.js";
import type { BaseServer } from "../core/base-server.js";
import { isBlockingHandler, type WithBlockingHandlers } from "../core/blocking-handler.js";
import { defaults } from "../core/defaults.js";
import { osError, unsupported } from "../core/errors.js";
import { events } from "../core/events.js";
import type { ServerOptionName } from "../core/server-options.js";
import { Socket } from "../core/socket.js";
import { defaultTransport } from "../core/transport/index.js";
import type { DatagramRequest } from "../core/udp-server.js";
import { unpackError } from "./error-message.js";
import { moduleOf } from "./handler-module.js";
import type { ServerClass } from "./multiplexing-mixin.js";
import { RunnerPool } from "./runner-pool.js";
import { ThreadHost } from "./thread-host.js";

/** How long, in seconds, a thread beyond those that were started ahead waits for another blocking handler. */
const IDLE_TIME = 30;

/** What {@link ThreadingMixIn} adds to a server. */
export interface Threading {
  /** Threads, which are started when the server opens. */
  threads: number;
  /** Threads at most, where the handlers block and need one each; while so many run, further clients wait. */
  maxThreads: number;
  /** Requests that run at once, in all threads together; while there are so many, further clients wait. */
  maxConnections: number;
  /** Seconds after which a request is broken off, with its thread if it must be; `null` for never. */
  requestTimeout: number | null;
  /** Whether `serverClose()` does not wait for running handlers, and the process does not either. */
  daemonThreads: boolean;
  /** Bounds of each thread's memory, as `node:worker_threads` has them. */
  resourceLimits: ResourceLimits | undefined;
}

/** What {@link ThreadingMixIn} makes of a server class: the same, whose handlers may also block. */
export type ThreadingClass<Base extends ServerClass> = { readonly [Name in keyof Base]: Base[Name] } & (abstract new (
  ...parameters: WithBlockingHandlers<ConstructorParameters<Base>>
) => InstanceType<Base> & Threading);

/**
 * Makes a server that runs every request in a worker thread: handlers that compute do not hold up each other, nor the
 * server. Source: `socketserver.ThreadingMixIn`.
 *
 * The server accepts, and `verifyRequest()` is asked, in the main thread; then the connection itself is handed to the thread
 * with the least to do, which runs the handler on the same `Socket` calls. Many asynchronous handlers share a thread. A blocking
 * handler (`BlockingRequestHandler`) has one for itself, as in Python: there are `threads` of them to begin with, and at most
 * `maxThreads`. Threads share no memory: the handler names its module (`static module`), and `this.server` is a
 * {@link RemoteServer}, or for a blocking handler a `BlockingRemoteServer`.
 *
 * @example
 * ```ts
 * class ChatServer extends ThreadingMixIn(TCPServer) {}
 * ```
 */
export function ThreadingMixIn<Base extends ServerClass>(Server: Base): ThreadingClass<Base> {
  abstract class ThreadingServer extends Server implements Threading {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...Server.optionNames,
      "threads",
      "maxThreads",
      "maxConnections",
      "requestTimeout",
      "daemonThreads",
      "resourceLimits",
    ];

    threads: number = availableParallelism();
    maxThreads: number = defaults.maxThreads;
    maxConnections: number = defaults.maxConnections;
    requestTimeout: number | null = defaults.requestTimeout;
    daemonThreads: boolean = defaults.daemonThreads;
    resourceLimits: ResourceLimits | undefined;

    #pool: RunnerPool<ThreadHost> | null = null;
    /** The pool's threads are not ready yet. */
    #starting = false;
    /** How to break off a request that runs in a thread. */
    readonly #aborts = new Map<unknown, () => void>();

    /** Nothing of a handler runs in this thread. */
    protected override get followsRequests(): boolean {
      return false;
    }

    protected override get hasRoom(): boolean {
      return this.activeRequests < Math.min(this.maxConnections, this.#blocks ? this.#threadLimit : Infinity);
    }

    protected override get runsBlockingHandlers(): boolean {
      return true;
    }

    get #blocks(): boolean {
      return isBlockingHandler(this.RequestHandlerClass);
    }

    get #threadLimit(): number {
      return this.#blocks ? Math.max(this.threads, this.maxThreads) : this.threads;
    }

    /** Starts the threads, too. @throws when the handler cannot be run in one */
    override async serverActivate(): Promise<void> {
      if (!(this.transport ?? defaultTransport).features.descriptors) {
        throw unsupported(
          `The ${(this.transport ?? defaultTransport).name} transport cannot hand sockets to threads`,
          "Use the native transport (capabilities() tells why it is not in use), or a Multiplexing server.",
          "detach",
        );
      }
      const { module, className } = moduleOf(this.RequestHandlerClass, "threads");
      await super.serverActivate();
      const { serverAddress, socketType, addressFamily, resourceLimits } = this;
      const serverName = this.constructor.name;
      const assignment = { module, className, serverName, serverAddress, socketType, addressFamily };
      const server = this as unknown as BaseServer;
      const blocking = this.#blocks;
      this.#pool = new RunnerPool({
        size: this.threads,
        maxSize: this.#threadLimit,
        capacity: blocking ? 1 : Number.POSITIVE_INFINITY,
        maxQueued: this.maxConnections,
        idleTime: blocking ? IDLE_TIME : null,
        start: (owner) => new ThreadHost(owner, { assignment, server, resourceLimits, blocking }),
        onLoss: (error) => events.error.publish({ server, error, clientAddress: null }),
      });
      try {
        this.#starting = true;
        await this.#pool.start();
      } catch (error) {
        await this.#pool.close();
        this.#pool = null;
        throw error;
      } finally {
        this.#starting = false;
      }
    }

    /** Starts the request, and lets the loop go on with the next. */
    override processRequest(request: unknown, clientAddress: Address): void {
      this.startRequest(request, clientAddress);
    }

    /** Has a thread run the handler, and waits until it has. */
    override async finishRequest(request: unknown, clientAddress: Address): Promise<void> {
      const pool = this.#pool;
      if (pool === null) throw new Error(`${this.constructor.name} is not open`);
      let late = false;
      let timer: NodeJS.Timeout | null = null;
      try {
        const leftError = (error: Error): void => void this.reportFailure(request, error);
        const result = await pool.run({ clientAddress, leftError }, (host, job) => {
          const id = host.give(job, request as Socket | DatagramRequest);
          if (id === null) return false;
          this.#aborts.set(request, () => host.breakOff(id));
          if (this.requestTimeout !== null) {
            timer = setTimeout(() => {
              late = true;
              host.breakOff(id);
            }, this.requestTimeout * 1000);
          }
          return true;
        });
        if (request instanceof Socket && result.counters !== null) request.settleCounters(result.counters);
        if (late) throw new Error("broken off");
        if (result.error !== null) throw unpackError(result.error);
      } catch (error) {
        throw late ? osError(`finish the request within ${this.requestTimeout} s`, "ETIMEDOUT", "request") : error;
      } finally {
        if (timer !== null) clearTimeout(timer);
        this.#aborts.delete(request);
      }
    }

    override async abortRequest(request: unknown): Promise<void> {
      const abort = this.#aborts.get(request);
      if (abort === undefined) return super.abortRequest(request);
      abort();
    }

    override async serverClose(): Promise<void> {
      if (this.daemonThreads) this.blockOnClose = false;
      try {
        const closing = super.serverClose();
        // A handler's module may take for ever to load: who opens the server is told that it was closed.
        if (this.#starting) void this.#pool?.close();
        await closing;
      } finally {
        await this.#pool?.close();
      }
    }
  }
  // The class takes what its base takes; that the handler may be a blocking one besides, only this type says.
  return ThreadingServer as unknown as ThreadingClass<Base>;
}
