/**
 * {@link HandlerExecutor}: runs handlers on the other side, in a worker thread or a child process.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import { formatAddress } from "../../core/address/address.js";
import { BlockingSocket } from "../../core/blocking/socket.js";
import { ClosedResourceError } from "../../core/errors.js";
import { ActiveRequest, ActiveRequests, type RequestOwner } from "../../core/server/active-requests.js";
import { type RequestHandlerClass, runHandler } from "../../core/server/handler.js";
import { enterIsolation } from "../../core/server/isolation.js";
import { defaultLogger } from "../../core/server/logging.js";
import { NumberTable } from "../../core/server/number-table.js";
import { Socket } from "../../core/socket/socket.js";
import { type ErrorMessage, packError } from "../wire/error-codec.js";
import type { FromWorker, ResultMessage, WorkerConfig } from "../wire/messages.js";

type AnySocket = Socket | BlockingSocket;

/** How tsyringe begins when a constructor wants what its container does not have. */
const MISSING_SERVICE = "Cannot inject the dependency";

/** A request as its handler gets it. Those of blocking handlers are run to their end before anything else happens here. */
export type RunnableRequest = AnySocket | readonly [data: Buffer, socket: AnySocket, truncated: boolean];

/** A request with the number by which the server knows it. */
class GivenRequest extends ActiveRequest {
  readonly id: number;

  constructor(id: number, ...known: ConstructorParameters<typeof ActiveRequest>) {
    super(...known);
    this.id = id;
  }
}

/** Runs the requests that a server has handed over, as many at once as come. */
export class HandlerExecutor implements RequestOwner {
  readonly #HandlerClass: RequestHandlerClass;
  readonly #module: string;
  readonly #server: object;
  readonly #logger;
  readonly #send: (message: FromWorker) => void;
  readonly #requests = new ActiveRequests(() => {});
  readonly #running = new NumberTable<GivenRequest>();
  readonly #failures = new WeakMap<ActiveRequest, unknown>();
  #results: ResultMessage[] = [];

  /**
   * @param server what handlers see as `this.server`.
   * @param send tells the server.
   */
  constructor(
    { serverName, module }: WorkerConfig,
    HandlerClass: RequestHandlerClass,
    server: object,
    send: (message: FromWorker) => void,
  ) {
    this.#HandlerClass = HandlerClass;
    this.#module = module;
    this.#server = server;
    this.#logger = defaultLogger(serverName);
    this.#send = send;
    enterIsolation();
  }

  /** Tells that a request could not be run. */
  refuse(id: number, error: unknown): void {
    this.#report({ id, error: packError(error), counters: null });
  }

  /** Runs a handler for a connection, or for a datagram with the socket to answer by. */
  run(id: number, request: RunnableRequest, clientAddress: Address): void {
    const active = new GivenRequest(id, this, request, clientAddress);
    this.#running.set(id, active);
    void this.#requests.run(active, true, () => this.#serve(id, active, request, clientAddress));
  }

  async #serve(id: number, active: ActiveRequest, request: RunnableRequest, clientAddress: Address): Promise<void> {
    try {
      await runHandler(this.#HandlerClass, {
        request,
        clientAddress,
        server: this.#server,
        container: undefined,
        logger: () => this.#logger.child({ clientAddress: formatAddress(clientAddress) }),
      });
    } catch (error) {
      if (!(active.aborted && error instanceof ClosedResourceError)) this.#fail(active, error);
    }
    const connection = isConnection(request) ? request : null;
    const counters = connection?.counters ?? null;
    connection?.endSending();
    // Files that the handler has left open do not keep it.
    connection?.closeNow();
    this.#requests.leave(active);
    this.#running.delete(id);
    const failure = this.#failures.get(active);
    this.#failures.delete(active);
    this.#report({ id, error: failure === undefined ? null : this.#pack(failure), counters });
  }

  /** All results of one turn leave in one message. */
  #report(result: ResultMessage): void {
    if (this.#results.length === 0) {
      process.nextTick(() => {
        const results = this.#results;
        this.#results = [];
        this.#send({ type: "results", results });
      });
    }
    this.#results.push(result);
  }

  #fail(active: ActiveRequest, error: unknown): void {
    if (!this.#failures.has(active)) this.#failures.set(active, error ?? new Error("the handler threw nothing"));
  }

  #pack(failure: unknown): ErrorMessage {
    const packed = packError(failure);
    const { message } = packed;
    if (!message.startsWith(MISSING_SERVICE)) return packed;
    const remedy = `Services do not cross from the server: register it in ${this.#module}.`;
    return { ...packed, message: `${message}\n    ${remedy}` };
  }

  /** Breaks a request off. */
  abort(id: number): void {
    const active = this.#running.get(id);
    if (active === undefined) return;
    active.aborted = true;
    if (isConnection(active.request)) active.request.abort();
  }

  /** Something that a handler started but did not wait for has failed: the server is told at once. */
  requestLeftError(active: ActiveRequest, error: unknown): void {
    if (!(active instanceof GivenRequest) || active.ended) {
      const clientAddress = formatAddress(active.clientAddress);
      this.#logger.error({ err: error, clientAddress }, "A handler that has ended left an error unhandled");
      return;
    }
    this.#send({ type: "unhandled-error", id: active.id, error: packError(error) });
    this.abort(active.id);
  }
}

function isConnection(request: unknown): request is AnySocket {
  return request instanceof Socket || request instanceof BlockingSocket;
}
