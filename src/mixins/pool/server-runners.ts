/**
 * {@link ServerRunners}: the threads or child processes of one server, from its opening to its end.
 *
 * @module
 */

import { closedError, unsupported } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { isBlockingHandler, type WithBlockingHandlers } from "../../core/server/blocking-handler.js";
import type { DatagramRequest } from "../../core/server/datagram-server.js";
import { events } from "../../core/server/events.js";
import type { Socket } from "../../core/socket/socket.js";
import type { Transport } from "../../core/transport/transport.js";
import type { ServerClass } from "../multiplexing.js";
import { moduleOf, refuseContainer, type WithModules } from "../wire/handler-module.js";
import type { Assignment } from "../wire/messages.js";
import { type PoolOptions, RunnerPool } from "./pool.js";
import { RemoteRequests, type RequestHost, type RequestTerms } from "./remote-requests.js";

/** What a mix-in that runs handlers elsewhere makes of a server class: the same, whose handlers may also block. */
export type RunnerServerClass<Base extends ServerClass, Added> = {
  readonly [Name in keyof Base]: Base[Name];
} & (abstract new (
  ...parameters: WithModules<WithBlockingHandlers<ConstructorParameters<Base>>>
) => InstanceType<Base> & Added);

/** What a mix-in says of its pool; the rest is the same for all. */
export type RunnerOptions<Host extends RequestHost> = Omit<PoolOptions<Host>, "onLoss">;

/** Starts the pool of a server, has its requests run there, and ends it with the server. */
export class ServerRunners<Host extends RequestHost> {
  readonly server: BaseServer;
  readonly #where: "threads" | "processes";
  #pool: RunnerPool<Host> | null = null;
  #requests: RemoteRequests<Host> | null = null;
  #closing = false;

  /** @param where the handlers run, for messages. */
  constructor(server: BaseServer, where: "threads" | "processes") {
    this.server = server;
    this.#where = where;
  }

  /** The hosts that there are, started or starting. */
  get hosts(): Iterable<Host> {
    return this.#pool?.hosts ?? [];
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

  /** What each host is made for, once the server has its address. */
  assignment(transport: Transport): Assignment {
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
  async start(options: RunnerOptions<Host>): Promise<void> {
    const server = this.server;
    const closed = (): Error => closedError(`open ${server.constructor.name}`, "bind");
    if (this.#closing) throw closed();
    const onLoss = (error: Error): void => events.error.publish({ server, error, clientAddress: null });
    const pool = new RunnerPool({ ...options, onLoss });
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
  async abandon(): Promise<void> {
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
  breakOff(request: unknown): boolean {
    return this.#requests?.breakOff(request as Socket | DatagramRequest) ?? false;
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
  async closeAround(close: () => Promise<void>, goesOn: () => boolean): Promise<void> {
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
