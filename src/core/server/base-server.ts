/**
 * {@link BaseServer}: the life of a server and the steps of a request, as a template whose every step can be overridden.
 *
 * ```text
 *  open() ─────────────── serverBind() ── serverActivate()
 *  serveForever() ─┐
 *  handleRequest() ┴───── getRequest() ── verifyRequest() ─┬─ no ── shutdownRequest()
 *                                                          └─ yes ─ processRequest()          ← what a mix-in overrides
 *                                                                    └─ runRequest()
 *                                                                        ├─ finishRequest() ── handler.run():
 *                                                                        │                     setup() handle() finish()
 *                                                                        ├─ handleError()      ← whatever that threw
 *                                                                        └─ shutdownRequest() ── closeRequest()
 *  beside it ──────────── serviceActions()   once a turn of the loop
 *                         handleTimeout()    handleRequest() found nothing to do
 *  shutdown() ─────────── the loop ends; the socket stays open
 *  serverClose() ──────── the socket is closed, running handlers are waited for
 * ```
 *
 * Source: Python's `socketserver.BaseServer` and `TCPServer`, whose comments draw the same map.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import { inspect } from "node:util";
import type { Logger } from "pino";
import type { DependencyContainer } from "tsyringe";
import { type Address, formatAddress } from "../address/address.js";
import { isDuration } from "../checks.js";
import {
  type AddressFamily,
  AF_INET,
  AF_UNIX,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOL_SOCKET,
  type SocketKind,
} from "../constants.js";
import { defaults } from "../defaults.js";
import { BusyResourceError, ClosedResourceError, closedError, ExitRequest } from "../errors.js";
import { Socket } from "../socket/socket.js";
import type { Transport } from "../transport/transport.js";
import { mayGoOn, nextTurn } from "../turn.js";
import { CAPACITY_PAUSE, classifyAcceptError } from "./accept-errors.js";
import { ActiveRequest, ActiveRequests, currentRequest, runLoop, runsWithin } from "./active-requests.js";
import { blockingHandlerError, isBlockingHandler } from "./blocking-handler.js";
import { events } from "./events.js";
import { type RequestHandlerClass, runHandler } from "./handler.js";
import { isImportingForHandler } from "./handler-import.js";
import { enterIsolation, leaveIsolation } from "./isolation.js";
import { attachLogging, defaultLogger } from "./logging.js";
import { checkSettings, refuseUnknownOptions, type ServerOptionName, type ServerOptions } from "./options.js";
import { ServeLoop } from "./serve-loop.js";

/** How {@link BaseServer.serveForever} runs. */
export interface ServeOptions {
  /** Seconds after which `serviceActions()` is called at the latest, where it is overridden; 0.5. */
  readonly pollInterval?: number;
  /** Ends the loop, as `shutdown()` does. */
  readonly signal?: AbortSignal;
}

/** How long a handler that was cut off may take to notice, in seconds, before `serverClose()` returns without it. */
const UNWINDING_TIME = 0.5;
/** Datagrams of which none has to be waited for are begun so many at a time. */
const MAX_CONCURRENT_STARTS = 8;
/** Running out of descriptors is told at most this often, in milliseconds. */
const PAUSE_REPORT_INTERVAL = 1000;

/**
 * What all servers have in common. Source: `socketserver.BaseServer`.
 *
 * `new` opens nothing. The server belongs to whoever made it, who closes it: with `await using`, or {@link serverClose}.
 *
 * @typeParam Request what a request is: a `Socket` for streams, a `DatagramRequest` for datagrams.
 */
export abstract class BaseServer<Request = unknown> implements AsyncDisposable {
  /** The options that this class takes; a mix-in adds its own. */
  static readonly optionNames: readonly ServerOptionName[] = [
    "timeout",
    "addressFamily",
    "allowReuseAddress",
    "allowReusePort",
    "blockOnClose",
    "shutdownTimeout",
    "logger",
    "container",
    "transport",
  ];

  /** Seconds that `handleRequest()` waits; `null` for ever. `serveForever()` does not look at it. */
  timeout: number | null = defaults.timeout;
  /** `AF_INET`, `AF_INET6` or `AF_UNIX`. */
  addressFamily: AddressFamily = AF_INET;
  /** `SOCK_STREAM` or `SOCK_DGRAM`. */
  abstract readonly socketType: SocketKind;
  /** Whether a port whose last connections are still winding down can be bound. */
  abstract allowReuseAddress: boolean;
  /** Whether the port is shared with other servers that say so too. On IP families only. */
  allowReusePort: boolean = defaults.allowReusePort;
  /** Whether `serverClose()` waits for running handlers. */
  blockOnClose: boolean = defaults.blockOnClose;
  /** Seconds after which `serverClose()` cuts off handlers that are still running. */
  shutdownTimeout: number = defaults.shutdownTimeout;
  /** The container that handlers with injected constructors are made from. */
  container: DependencyContainer | undefined;
  /** How bytes move. */
  transport: Transport | undefined;

  /** The class that is made an instance of for every request. */
  readonly RequestHandlerClass: RequestHandlerClass<Request>;
  /** The address to serve; once the server is open, the real one (a port 0 replaced). */
  serverAddress: Address;

  readonly #options: ServerOptions;
  readonly #requests = new ActiveRequests(() => this.#loop?.wake());
  readonly #closing = closingController();
  #logger: Logger | undefined;
  #socket: Socket | null = null;
  #opening: Promise<void> | null = null;
  #closed: Promise<void> | null = null;
  #loop: ServeLoop | null = null;
  /** What a handler asked for while no loop was there to end. */
  #exitRequest: ExitRequest | null = null;
  /** Requests taken so far. */
  #handled = 0;
  #lastPauseReport = Number.NEGATIVE_INFINITY;
  #detachLogging: (() => void) | null = null;

  /**
   * @param serverAddress where to serve: `["127.0.0.1", 9999]`; port 0 picks a free one; a path for Unix sockets.
   * @param RequestHandlerClass the handler.
   * @param options see {@link ServerOptions}. @throws TypeError for an option that this class does not have.
   */
  constructor(serverAddress: Address, RequestHandlerClass: RequestHandlerClass<Request>, options: ServerOptions = {}) {
    refuseUnknownOptions(new.target.name, options, new.target.optionNames);
    if (typeof RequestHandlerClass !== "function" || typeof RequestHandlerClass.prototype?.run !== "function") {
      const given = typeof RequestHandlerClass === "function" ? RequestHandlerClass.name : inspect(RequestHandlerClass);
      throw new TypeError(
        `Cannot use ${given} as the handlers of ${new.target.name}: pass a class that extends BaseRequestHandler, without new.`,
      );
    }
    this.serverAddress = serverAddress;
    this.RequestHandlerClass = RequestHandlerClass;
    this.#options = { ...options };
  }

  // ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Binds and activates, so that clients can connect; `serveForever()` and `handleRequest()` do it by themselves.
   *
   * Once is enough; more does nothing. When a step fails, what was opened is closed, and it can be tried again.
   *
   * @throws OSError naming the address, such as `Cannot bind tcp 127.0.0.1:80: permission denied (EACCES)`.
   */
  open(): Promise<void> {
    if (isImportingForHandler()) return Promise.reject(new Error(this.#startedByImport()));
    if (this.#closed !== null) return Promise.reject(closedError(`open ${this.#describe()}`, "bind"));
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    // Only here, not in the constructor: a subclass's fields are set after that, and options win over fields.
    const { logger: _logger, ...settings } = this.#options;
    for (const [name, value] of Object.entries(settings)) {
      if (value !== undefined) Object.assign(this, { [name]: value });
    }
    const ServerClass = this.constructor as typeof BaseServer;
    checkSettings(ServerClass.name, this, ServerClass.optionNames);
    if (isBlockingHandler(this.RequestHandlerClass) && !this.runsBlockingHandlers) {
      throw blockingHandlerError(ServerClass.name, this.RequestHandlerClass.name, this.socketType, this.addressFamily);
    }
    const transport = this.transport;
    const socket = new Socket(
      this.addressFamily,
      this.socketType,
      0,
      transport === undefined ? undefined : { transport },
    );
    this.#socket = socket;
    const wanted = this.serverAddress;
    try {
      await this.serverBind();
      await this.serverActivate();
      socket.watchDrops((clientAddress, error) => {
        if (error === null) events.requestDrop.publish({ server: this, clientAddress });
        else events.replyDrop.publish({ server: this, clientAddress, error });
      });
      this.#detachLogging = attachLogging(this);
      // Last: it is left when the server closes, and what has failed to open never does.
      enterIsolation();
    } catch (error) {
      this.#socket = null;
      // A port 0 that was replaced by a real one is 0 again: that one may be taken at the next try.
      this.serverAddress = wanted;
      await socket.close();
      await this.undoActivation();
      throw error;
    }
    events.serverListen.publish({ server: this, serverAddress: this.serverAddress });
  }

  /**
   * Gives the server's socket its address. May be overridden, to set socket options first for instance. Source:
   * `server_bind`.
   */
  async serverBind(): Promise<void> {
    if (this.addressFamily !== AF_UNIX) {
      this.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, this.allowReuseAddress);
      if (this.allowReusePort) this.socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, true);
    }
    await this.socket.bind(this.serverAddress);
    this.serverAddress = this.socket.getsockname();
  }

  /** Makes the server ready for requests. May be overridden; does nothing here. Source: `server_activate`. */
  async serverActivate(): Promise<void> {}

  /**
   * A step of opening has failed: ends what {@link serverActivate} has started. May be overridden; does nothing here, and comes also
   * where that was not called.
   */
  protected async undoActivation(): Promise<void> {}

  /** The server's own socket. @throws ClosedResourceError while the server is not open. */
  get socket(): Socket {
    if (this.#socket !== null) return this.#socket;
    throw new ClosedResourceError(`${this.#describe()} is not open (EBADF). Await server.open() first.`, {
      code: "EBADF",
    });
  }

  /** The descriptor of the server's socket; -1 while it is not open. Source: `fileno`. */
  fileno(): number {
    return this.#socket?.fileno() ?? -1;
  }

  /** Where the server logs. */
  get logger(): Logger {
    this.#logger ??= this.#options.logger ?? defaultLogger(this.constructor.name);
    return this.#logger;
  }

  // ── serving ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Handles requests until {@link shutdown}. Source: `serve_forever`.
   *
   * The socket stays open afterwards: another `serveForever()` goes on, and {@link serverClose} ends it.
   *
   * @param options seconds, as Python's `poll_interval`, or {@link ServeOptions}.
   * @throws OSError when the server cannot be opened; ExitRequest when a handler asked for the end.
   * @example
   * ```ts
   * await server.serveForever({ signal: AbortSignal.timeout(60_000) });
   * ```
   */
  async serveForever(options: number | ServeOptions = {}): Promise<void> {
    const { pollInterval = defaults.pollInterval, signal } =
      typeof options === "number" ? { pollInterval: options } : options;
    if (!isDuration(pollInterval)) {
      throw new RangeError(`Cannot use ${pollInterval} as pollInterval: it takes seconds (0 or more).`);
    }
    const hasService = this.serviceActions !== BaseServer.prototype.serviceActions;
    await this.#whileServing(signal, async (loop) => {
      while (!loop.stopping) {
        if (this.canAccept && this.socket.readable) {
          const step = this.#handleOne(loop);
          this.#handled += 1;
          // Where nothing is to be waited for (datagrams), a few are begun together before what they have begun goes on.
          if (step !== undefined || this.#handled % MAX_CONCURRENT_STARTS === 0) await step;
          if (!mayGoOn()) await nextTurn();
        } else {
          await loop.sleep(hasService ? pollInterval : null);
        }
        if (hasService) await this.serviceActions();
      }
    });
  }

  /**
   * Handles one request, waiting for it at most the smaller of {@link timeout} and the socket's own time-out; after that,
   * calls {@link handleTimeout}. Source: `handle_request`.
   */
  async handleRequest(): Promise<void> {
    await this.#whileServing(undefined, async (loop) => {
      if (loop.stopping) return;
      const limits = [this.timeout, this.socket.gettimeout()].filter((limit) => limit !== null);
      const deadline = limits.length === 0 ? null : performance.now() + Math.min(...limits) * 1000;
      let waited = false;
      while (!(this.canAccept && this.socket.readable) && !loop.stopping) {
        const seconds = deadline === null ? null : (deadline - performance.now()) / 1000;
        const isLate = seconds !== null && seconds <= 0;
        if (isLate && waited) return this.handleTimeout();
        // Also where it may not wait: a program that polls would else never hear of anybody.
        await (isLate ? nextTurn() : loop.sleep(seconds));
        waited = true;
      }
      if (loop.stopping) return;
      await this.#handleOne(loop);
      if (!mayGoOn()) await nextTurn();
    });
  }

  async #whileServing(signal: AbortSignal | undefined, serve: (loop: ServeLoop) => Promise<void>): Promise<void> {
    if (this.#loop !== null) {
      throw new BusyResourceError(
        `${this.#describe()} is already serving (EBUSY). One loop serves a server at a time.`,
        {
          code: "EBUSY",
        },
      );
    }
    if (this.#exitRequest !== null) {
      const error = this.#exitRequest;
      this.#exitRequest = null;
      throw error;
    }
    if (signal?.aborted) return;
    const loop = new ServeLoop();
    const stop = (): void => loop.stop();
    // Set before the first await: a shutdown() from now on is meant for this run.
    this.#loop = loop;
    signal?.addEventListener("abort", stop);
    let unwatch: (() => void) | undefined;
    try {
      await this.open();
      unwatch = this.#socket?.watch(() => loop.wake());
      // A plain server's loop waits for its handler, which may never end.
      const running = this.followsRequests ? runLoop(this, () => serve(loop)) : serve(loop);
      await Promise.race([running, loop.detached]);
    } finally {
      signal?.removeEventListener("abort", stop);
      unwatch?.();
      this.#loop = null;
      loop.finish();
    }
  }

  // The steps are waited for where they return promises: with datagrams, those that do nothing would else cost the most.

  /** Takes one request and works on it: all of the template. */
  #handleOne(loop: ServeLoop): void | Promise<void> {
    let taken: ReturnType<typeof this.getRequest>;
    try {
      taken = this.getRequest();
    } catch (error) {
      return this.#onAcceptError(error, loop);
    }
    if (!(taken instanceof Promise)) return this.#begin(taken);
    return taken.then(
      (request) => this.#begin(request),
      (error: unknown) => this.#onAcceptError(error, loop),
    );
  }

  #begin([request, clientAddress]: [Request, Address]): void | Promise<void> {
    const active = new ActiveRequest(this, request, clientAddress);
    // It came while the server was closing, which no longer waits for it.
    if (this.#closed !== null) return this.#abort(active);
    return this.#requests.run(active, this.followsRequests, this.#serve);
  }

  readonly #serve = (active: ActiveRequest): void | Promise<void> => {
    const { clientAddress } = active;
    const request = active.request as Request;
    let step: void | Promise<void>;
    try {
      const verdict = this.verifyRequest(request, clientAddress);
      step = verdict === true ? this.processRequest(request, clientAddress) : this.#awaitVerdict(active, verdict);
    } catch (error) {
      return this.#rejectRequest(active, error);
    }
    if (step === undefined) return this.#leaveUnlessExtended(active);
    return step.then(
      () => this.#leaveUnlessExtended(active),
      (error: unknown) => this.#rejectRequest(active, error),
    );
  };

  async #awaitVerdict(active: ActiveRequest, verdict: boolean | Promise<boolean>): Promise<void> {
    const { clientAddress } = active;
    const request = active.request as Request;
    if (await verdict) {
      await this.processRequest(request, clientAddress);
    } else {
      events.requestReject.publish({ server: this, clientAddress });
      await this.#shutdown(active, request);
    }
  }

  /** A request that could not be processed: who was to process it would have shut it down. */
  async #rejectRequest(active: ActiveRequest, error: unknown): Promise<void> {
    await this.#fail(active, error);
    await this.#shutdown(active, active.request as Request);
    this.#leaveUnlessExtended(active);
  }

  /** A mix-in ends a request itself that goes on. */
  #leaveUnlessExtended(active: ActiveRequest): void {
    if (!active.detached) this.#requests.leave(active);
  }

  /** Shuts a request down. A failing override is told like a failing handler. */
  #shutdown(active: ActiveRequest, request: Request): void | Promise<void> {
    try {
      return this.shutdownRequest(request)?.catch((error: unknown) => this.#fail(active, error));
    } catch (error) {
      return this.#fail(active, error);
    }
  }

  /** Breaks a request off, likewise. */
  async #abort(active: ActiveRequest): Promise<void> {
    if (active.ended) return;
    active.aborted = true;
    try {
      await this.abortRequest(active.request as Request);
    } catch (error) {
      await this.#fail(active, error);
    }
  }

  async #onAcceptError(error: unknown, loop: ServeLoop): Promise<void> {
    // The server's own closing ends the wait for requests; that is no failure.
    if (loop.stopping) return;
    const kind = classifyAcceptError(error);
    if (kind === "fatal" || !(error instanceof Error)) throw error;
    if (kind === "connection") return;
    const now = performance.now();
    if (now - this.#lastPauseReport >= PAUSE_REPORT_INTERVAL) {
      this.#lastPauseReport = now;
      events.serverPause.publish({ server: this, error, pause: CAPACITY_PAUSE });
    }
    await this.#restUnlessStopped(loop, CAPACITY_PAUSE);
  }

  /** Sleeps the whole time even when clients knock, but no longer than until the loop is stopped. */
  async #restUnlessStopped(loop: ServeLoop, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    for (let left = seconds; left > 0 && !loop.stopping; left = (end - performance.now()) / 1000)
      await loop.sleep(left);
  }

  // ── the steps of a request ────────────────────────────────────────────────────────────────────────────────────────

  /** Takes the next request, which is there already. May be overridden. Source: `get_request`. */
  abstract getRequest():
    | [request: Request, clientAddress: Address]
    | Promise<[request: Request, clientAddress: Address]>;

  /** Whether to serve a request; yes, here. May be overridden; may be asynchronous. Source: `verify_request`. */
  verifyRequest(_request: Request, _clientAddress: Address): boolean | Promise<boolean> {
    return true;
  }

  /**
   * Works on a request: here in the loop, which goes on when it is done. Mix-ins override it. An override may pass on another
   * object in the place of the request, such as the connection in a wrapper. Source: `process_request`.
   */
  processRequest(request: Request, clientAddress: Address): void | Promise<void> {
    return this.runRequest(request, clientAddress);
  }

  /**
   * Runs a request to its very end: the handler, the report of its error, the closing. It never rejects. What a mix-in
   * calls where, and when, its way of running requests wants it. Source: `process_request_thread`.
   */
  protected runRequest(request: Request, clientAddress: Address): Promise<void> {
    const active = this.#activeRequestOf(request, clientAddress);
    const end = (): void | Promise<void> => this.#endRequest(active, request);
    // Callbacks, not a function that waits: one of those lives as long as each connection, and is far larger.
    return this.#startHandler(request, clientAddress).then(end, (error: unknown) =>
      this.#fail(active, error).then(end),
    );
  }

  /** The handler, whose constructor may throw. */
  #startHandler(request: Request, clientAddress: Address): Promise<void> {
    try {
      // An override need not return a promise.
      return Promise.resolve(this.finishRequest(request, clientAddress));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #endRequest(active: ActiveRequest, request: Request): void | Promise<void> {
    const leave = (): void => {
      if (active.detached) this.#requests.leave(active);
    };
    const ending = this.#shutdown(active, request);
    return ending === undefined ? leave() : ending.then(leave);
  }

  /**
   * For mix-ins: whether all that a handler or a hook starts is known to be its own, so that what it leaves unhandled is
   * given to its request, and its `shutdown()` and `serverClose()` do not wait for itself.
   */
  protected get followsRequests(): boolean {
    return true;
  }

  /** For mix-ins: starts {@link runRequest}, which the request outlives `processRequest()` with. */
  protected startRequest(request: Request, clientAddress: Address): void {
    this.#activeRequestOf(request, clientAddress).detached = true;
    void this.runRequest(request, clientAddress);
  }

  /**
   * What is known of a request that is to run. Where an override of `processRequest()` has passed on another object (the
   * connection in a wrapper) in the place of the one it was given, that one is the request from now on.
   */
  #activeRequestOf(request: Request, clientAddress: Address): ActiveRequest {
    const known = this.#requests.get(request);
    if (known !== undefined) return known;
    const own = currentRequest();
    if (own?.owner === this && !own.detached && !own.ended) {
      this.#requests.replace(own, request);
      return own;
    }
    // Where requests are not followed, nobody knows whose place it takes: it counts as one of its own.
    const active = new ActiveRequest(this, request, clientAddress);
    active.detached = true;
    this.#requests.add(active);
    return active;
  }

  /** For mix-ins: gives an error of a request that goes on to `handleError()`. */
  protected reportFailure(request: Request, clientAddress: Address, error: unknown): Promise<void> {
    return this.#fail(this.#requests.get(request) ?? new ActiveRequest(this, request, clientAddress), error);
  }

  /** For mix-ins: whether another request may be taken; looked at again at each request's end. */
  protected get canAccept(): boolean {
    return true;
  }

  /** For mix-ins: whether a handler that blocks its thread has one for itself. */
  protected get runsBlockingHandlers(): boolean {
    return false;
  }

  /** Makes the handler and runs it. May be overridden. Source: `finish_request`. */
  finishRequest(request: Request, clientAddress: Address): Promise<void> {
    return runHandler(this.RequestHandlerClass, {
      request,
      clientAddress,
      server: this,
      container: this.container,
      logger: () => this.logger.child({ clientAddress: formatAddress(clientAddress) }),
    });
  }

  /** Ends a request in good order, then closes it. May be overridden. Source: `shutdown_request`. */
  shutdownRequest(request: Request): void | Promise<void> {
    return this.closeRequest(request);
  }

  /** Closes a request. May be overridden; does nothing here. Source: `close_request`. */
  closeRequest(_request: Request): void | Promise<void> {}

  /** Breaks a request off whose handler does not end by itself. May be overridden. */
  async abortRequest(request: Request): Promise<void> {
    await this.closeRequest(request);
  }

  /**
   * A request failed with an error; the server goes on. Here it is told on the channel `socketserver:error`, which the log
   * listens to. May be overridden. Source: `handle_error`.
   */
  handleError(error: unknown, _request: Request, clientAddress: Address): void | Promise<void> {
    events.error.publish({ server: this, error, clientAddress });
  }

  /** `handleRequest()` waited in vain. May be overridden; does nothing here. Source: `handle_timeout`. */
  handleTimeout(): void | Promise<void> {}

  /** Called once a turn of the loop. May be overridden; does nothing here. Source: `service_actions`. */
  serviceActions(): void | Promise<void> {}

  /** Gives an error to `handleError()`, whose own failing must not end the server. */
  async #fail(active: ActiveRequest, error: unknown): Promise<void> {
    if (error instanceof ExitRequest) {
      // A request that outlived its handleRequest(): the next run is told.
      if (this.#loop === null) this.#exitRequest ??= error;
      else this.#loop.stop(error);
      return;
    }
    if (active.aborted && error instanceof ClosedResourceError) return;
    try {
      await this.handleError(error, active.request as Request, active.clientAddress);
    } catch (secondError) {
      events.error.publish({ server: this, error: secondError, clientAddress: active.clientAddress });
    }
  }

  /** @internal Something that a handler started but did not wait for has failed. */
  requestLeftError(active: ActiveRequest, error: unknown): void {
    if (active.aborted || active.ended) {
      // There is no request left to hand to handleError(), and none to break off.
      events.error.publish({ server: this, error, clientAddress: active.clientAddress });
      return;
    }
    void this.#fail(active, error).then(() => this.#abort(active));
  }

  /** @internal Whose request it is, and how long ago it was accepted, in seconds. */
  protected aboutRequest(request: Request): { readonly clientAddress: Address; readonly duration: number } {
    const active = this.#requests.get(request);
    if (active === undefined) return { clientAddress: "", duration: 0 };
    return { clientAddress: active.clientAddress, duration: (performance.now() - active.startedAt) / 1000 };
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** How many requests are being worked on. */
  get activeRequests(): number {
    return this.#requests.size;
  }

  /** Aborted when the server begins to close: for handlers that want to say goodbye, or to stop what takes long. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Ends `serveForever()`, which returns when the request it works on is done. Source: `shutdown`.
   *
   * It may be called from anywhere, also before serving and twice. Called by one of the server's own handlers or hooks, it
   * does not wait for that one. The socket stays open: who connects meanwhile waits for the next `serveForever()`.
   *
   * @returns when the loop has ended.
   */
  shutdown(): Promise<void> {
    const loop = this.#loop;
    if (loop === null) return Promise.resolve();
    loop.stop();
    return runsWithin(this) ? Promise.resolve() : loop.finished;
  }

  /**
   * Ends everything: the loop, then the socket, then the handlers, which get {@link shutdownTimeout} seconds to finish
   * ({@link blockOnClose}); what is left then is cut off, and named in the log. Source: `server_close`.
   *
   * Once is enough; more waits for the same end. Called by one of the server's own handlers, it waits for the others only.
   */
  serverClose(): Promise<void> {
    const own = currentRequest();
    // Nobody waits for who waits here, whoever called first.
    if (own?.owner === this) this.#requests.excludeFromDrain(own);
    this.#closed ??= this.#close(runsWithin(this));
    return this.#closed;
  }

  async #close(fromWithin: boolean): Promise<void> {
    this.#loop?.stop();
    // A bind under way is let finish: only then is there something to close. Its error is for who called open().
    await this.#opening?.catch(() => undefined);
    const socket = this.#socket;
    if (socket !== null) await this.stopReceiving();
    this.#closing.abort();
    if (socket === null) return;
    const deadline = performance.now() + this.shutdownTimeout * 1000;
    try {
      const aborted = this.blockOnClose ? await this.#drain() : [];
      this.#socket = null;
      await socket.close();
      // The loop may be within a handler or a hook that was given up, or that has called this.
      if (aborted.length > 0) this.#loop?.detach();
      else if (!fromWithin && this.activeRequests === 0) await this.#loop?.leaveUntil(deadline);
      events.serverClose.publish({ server: this, serverAddress: this.serverAddress, aborted });
    } finally {
      // Handlers that outlive their server stay isolated, and are heard, to their end.
      void this.#requests.whenEmpty().then(() => {
        this.#detachLogging?.();
        leaveIsolation();
      });
    }
  }

  /** Takes no further requests: here the socket is closed. May be overridden where the handlers still need it. */
  protected async stopReceiving(): Promise<void> {
    await this.socket.close();
  }

  /** Waits for the handlers, then cuts off what is left. Says who that was. */
  async #drain(): Promise<string[]> {
    const left = await this.#requests.drain(this.shutdownTimeout);
    if (left.length === 0) return [];
    const names = left.map((active) => formatAddress(active.clientAddress));
    await Promise.race([Promise.all(left.map((active) => this.#abort(active))), this.#requests.drain(UNWINDING_TIME)]);
    await this.#requests.drain(UNWINDING_TIME);
    return names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serverClose();
  }

  #startedByImport(): string {
    return (
      `Cannot open ${this.#describe()}: its module was imported to run a handler, and must not start a server by that. ` +
      "Start it under: if (isMain(import.meta.url)) { … }"
    );
  }

  #describe(): string {
    return `${this.constructor.name} on ${formatAddress(this.serverAddress)}`;
  }
}

/** Makes a controller whose signal every request may listen to: Node would take more than ten listeners for a leak. */
function closingController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
