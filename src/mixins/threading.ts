/**
 * {@link ThreadingMixIn}: every request in a worker thread of a pool.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { ResourceLimits } from "node:worker_threads";
import { AF_UNIX, SOCK_STREAM } from "../core/constants.js";
import { defaults } from "../core/defaults.js";
import { unsupported } from "../core/errors.js";
import type { ServerOptionName } from "../core/server/options.js";
import { defaultTransport } from "../core/transport/index.js";
import type { Transport } from "../core/transport/transport.js";
import type { ServerClass } from "./multiplexing.js";
import type { PooledServerClass } from "./pool/pooled-mixin.js";
import { blocks, PooledMixIn, workers } from "./pool/pooled-mixin.js";
import { ThreadHandle } from "./pool/thread.js";
import { canMoveToThreads } from "./wire/node-connections.js";

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
export function ThreadingMixIn<Base extends ServerClass>(Server: Base): PooledServerClass<Base, Threading> {
  abstract class ThreadingServer extends PooledMixIn<Base, ThreadHandle>(Server, "threads") implements Threading {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...super.optionNames,
      "threads",
      "maxThreads",
      "daemonThreads",
      "resourceLimits",
    ];

    threads: number = availableParallelism();
    maxThreads: number = defaults.maxThreads;
    daemonThreads: boolean = defaults.daemonThreads;
    resourceLimits: ResourceLimits | undefined;

    protected override get canAccept(): boolean {
      return this.activeRequests < Math.min(this.maxConnections, this[blocks] ? this.#threadLimit : Infinity);
    }

    get #threadLimit(): number {
      return this[blocks] ? Math.max(this.threads, this.maxThreads) : this.threads;
    }

    /** Starts the threads, too. @throws when the handler cannot be run in one */
    override async serverActivate(): Promise<void> {
      const transport = this.transport ?? defaultTransport;
      this[workers].check(transport);
      this.#checkTransport(transport);
      await super.serverActivate();
      const { resourceLimits } = this;
      const config = this[workers].config(transport);
      const { server } = this[workers];
      const blocking = this[blocks];
      await this[workers].start({
        size: this.threads,
        maxSize: this.#threadLimit,
        capacity: blocking ? 1 : Number.POSITIVE_INFINITY,
        maxQueued: this.maxConnections,
        idleTime: blocking ? IDLE_TIME : null,
        start: (owner) =>
          new ThreadHandle(owner, {
            config,
            server,
            transport,
            resourceLimits,
            blocking,
            daemon: this.daemonThreads,
          }),
      });
    }

    #checkTransport({ name, features }: Transport): void {
      if (features.descriptors || this.socketType !== SOCK_STREAM) return;
      const isUnix = this.addressFamily === AF_UNIX;
      if (!isUnix && canMoveToThreads()) return;
      const why = isUnix
        ? "Unix streams to threads, which Node.js does with TCP alone"
        : `connections to threads, which Node.js does from 24.20 and 26.6 on (this is ${process.versions.node})`;
      throw unsupported(
        `The ${name} transport cannot hand ${why}`,
        "Use the native transport (capabilities() tells why it is not in use), or a Forking or Multiplexing server.",
        "detach",
      );
    }

    /** Ends the threads, too; with `blockOnClose` off, or `daemonThreads` on, each when it has done what it is doing. */
    override async serverClose(): Promise<void> {
      if (this.daemonThreads) this.blockOnClose = false;
      await super.serverClose();
    }
  }
  // The class takes what its base takes; that the handler may be a blocking one besides, only this type says.
  return ThreadingServer as unknown as PooledServerClass<Base, Threading>;
}
