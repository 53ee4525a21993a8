/**
 * {@link ForkingMixIn}: every request in a child process of a pool.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { AF_UNIX } from "../core/constants.js";
import { defaults } from "../core/defaults.js";
import { unsupported } from "../core/errors.js";
import type { ServerOptionName } from "../core/server/options.js";
import { defaultTransport } from "../core/transport/index.js";
import type { Transport } from "../core/transport/transport.js";
import type { ServerClass } from "./multiplexing.js";
import type { PooledServerClass } from "./pool/pooled-mixin.js";
import { blocks, PooledMixIn, workers } from "./pool/pooled-mixin.js";
import { ProcessHandle } from "./pool/process.js";

/** What {@link ForkingMixIn} adds to a server. */
export interface Forking {
  /** Child processes that are started when the server opens: as many as the machine has processors, at most `maxChildren`. */
  children: number;
  /** Child processes that there may be at once; 40. Source: `max_children`. */
  maxChildren: number;
  /**
   * Requests that one child runs at once. By default there is no limit, and `children` are all that are started. With a limit,
   * more are started where all have as many, up to `maxChildren`; 1 gives each request a process to itself, as in Python. A
   * handler that blocks has one to itself in any case.
   */
  requestsPerChild: number;
  /** Requests that run at once, in all children together; while there are so many, further clients wait. */
  maxConnections: number;
  /** Seconds after which a request is broken off, with its child if it must be; `null` for never. */
  requestTimeout: number | null;
  /**
   * The numbers (pid) of the child processes that live, whether or not they have something to do. Python's holds those that
   * run a request. Source: `active_children`.
   */
  readonly activeChildren: ReadonlySet<number>;
  /**
   * Ends the children beyond `children` that have nothing to do. They end by themselves, too, after `timeout` seconds of having
   * nothing to do; and one that has died is never left over, nor is a child that is not the server's own touched: the system
   * calls that Python makes here are Node's own business. Source: `collect_children`.
   *
   * @returns when they are gone.
   */
  collectChildren(): Promise<void>;
}

/**
 * Makes a server that runs every request in a child process. What a handler does to its process (block it, exhaust its memory,
 * kill it) ends the requests of that one alone; another takes its place. Source: `socketserver.ForkingMixIn`.
 *
 * **This is not `fork()`.** A child is a program of its own that imports the handler's module, started ahead and used for many
 * requests. It has nothing of the server's memory: no variable, no open file, no import's side effect but its own. So the handler
 * names its module (`static module`), and `this.server` is a {@link RemoteServer}, whose methods are awaited calls; for a
 * blocking handler (`BlockingRequestHandler`) it is a `BlockingRemoteServer`.
 *
 * The server accepts, and `verifyRequest()` is asked, in the server's process; then the connection itself moves to the child with
 * the least to do, which runs the handler on the same `Socket` calls. With the native transport it moves as a descriptor. With the
 * Node transport Node moves it (`child.send(message, socket)`), nothing that was sent or received being lost; Unix streams do not
 * move on Windows, and the answers to datagrams leave by way of the server.
 *
 * Beside those of {@link Forking}, `timeout` has another default: 300.
 *
 * @example
 * ```ts
 * class ChatServer extends ForkingMixIn(TCPServer) {}
 * ```
 */
export function ForkingMixIn<Base extends ServerClass>(Server: Base): PooledServerClass<Base, Forking> {
  abstract class ForkingServer extends PooledMixIn<Base, ProcessHandle>(Server, "processes") implements Forking {
    static override readonly optionNames: readonly ServerOptionName[] = [
      ...super.optionNames,
      "children",
      "maxChildren",
      "requestsPerChild",
    ];

    override timeout: number | null = defaults.forkingTimeout;
    children: number = availableParallelism();
    maxChildren: number = defaults.maxChildren;
    requestsPerChild: number = defaults.requestsPerChild;

    protected override get canAccept(): boolean {
      return this.activeRequests < Math.min(this.maxConnections, this.maxChildren * this.#capacity);
    }

    /** Requests that one child runs at once. */
    get #capacity(): number {
      return this[blocks] ? 1 : this.requestsPerChild;
    }

    get activeChildren(): ReadonlySet<number> {
      return new Set(Array.from(this[workers].workers, (worker) => worker.pid));
    }

    async collectChildren(): Promise<void> {
      await this[workers].collect();
    }

    /** Nobody has come for `timeout` seconds: the children that are not needed end. */
    override async handleTimeout(): Promise<void> {
      await this.collectChildren();
      await super.handleTimeout();
    }

    /** Starts the children, too. @throws when the handler cannot be run in one */
    override async serverActivate(): Promise<void> {
      const transport = this.transport ?? defaultTransport;
      this[workers].check(transport);
      this.#checkTransport(transport);
      await super.serverActivate();
      const { timeout, maxChildren } = this;
      const capacity = this.#capacity;
      const blocking = this[blocks];
      const config = this[workers].config(transport);
      const { server } = this[workers];
      const size = Math.min(this.children, maxChildren);
      await this[workers].start({
        size,
        maxSize: Number.isFinite(capacity) ? maxChildren : size,
        capacity,
        maxQueued: this.maxConnections,
        idleTime: timeout,
        start: (owner) => new ProcessHandle(owner, { config, server, transport, blocking }),
      });
    }

    #checkTransport({ name, features }: Transport): void {
      if (features.descriptors || this.addressFamily !== AF_UNIX || process.platform !== "win32") return;
      throw unsupported(
        `The ${name} transport cannot move Unix streams to other processes on Windows`,
        "Use a Multiplexing server, or serve TCP.",
        "fork",
      );
    }
  }
  // The class takes what its base takes; that the handler may be a blocking one besides, only this type says.
  return ForkingServer as unknown as PooledServerClass<Base, Forking>;
}
