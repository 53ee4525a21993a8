/**
 * {@link WorkerHandle}: the server's side of one worker thread or child process that runs its handlers.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import { OSError } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { NumberTable } from "../../core/server/number-table.js";
import type { Socket } from "../../core/socket/socket.js";
import { messageOf, unpackError } from "../wire/error-codec.js";
import type { FromWorker, RequestMessage, ResultMessage, ToWorker, WorkerConfig } from "../wire/messages.js";
import { relayDatagram } from "../wire/relayed-datagrams.js";

/** How long, in seconds, a handler has to end after its connection was broken. */
const ABORT_GRACE = 0.5;

/** How long, in seconds, one may take to start, the import of the handler's module included. */
const START_TIME = 30;

/** Requests that may be on their way to one host: what a busy one does not take, another one can have. */
export const MAX_IN_FLIGHT_REQUESTS = 128;

/** A request that was handed over. */
export interface Job {
  readonly clientAddress: Address;
  /** Called once: with how it ended, or with why it could not. */
  settle(result: ResultMessage | Error): void;
  /** The handler has left an error unhandled, and goes on. */
  leftError(error: Error): void;
  /** Its host has ended before it had begun: another one is to run it, or nobody, for that reason. */
  requeue(reason: Error): void;
}

/** What is told of a request, beside its number and its client. */
export type RequestContent = Omit<RequestMessage, "id" | "clientAddress">;

/** A request that was handed over, and has not ended. */
interface Dispatched {
  readonly job: Job;
  /** It is on its way: nobody has begun with it. */
  unacknowledged: boolean;
  /** Of a connection on its way, the server's own socket. */
  socket: Socket | null;
}

/** Who is told what becomes of a host. */
export interface HostOwner {
  /** It is ready for requests. */
  onReady(): void;
  /** There may be room for another request. */
  onRoom(): void;
  /** It has ended, with all its requests. */
  onExit(host: WorkerHandle, reason: Error): void;
}

/**
 * Starts ready, or not; runs requests; ends once.
 *
 * A request that was handed over is first on its way, and then, when the other side says so, it has begun. As long as it is on
 * its way the server keeps all of it, its own copy of the connection among it, and when the host ends, another one can have it.
 */
export abstract class WorkerHandle {
  /** Whose handlers it runs. */
  protected readonly server: BaseServer;
  /** What it is made for. */
  protected readonly config: WorkerConfig;
  readonly #owner: HostOwner;
  readonly #dispatched = new NumberTable<Dispatched>();
  /** How many of them are on their way. */
  #unacknowledgedCount = 0;
  #outbox: RequestMessage[] = [];
  #idleSince = performance.now();
  /** When it became ready, in milliseconds of `performance.now()`. */
  #readySince: number | null = null;
  /** It has ended, or is about to, which its owner is told later. */
  #isUnreachable = false;
  #exited = false;
  #reason: string | null = null;
  /** Why it cannot be used, where it has said so. */
  #unusable: Error | null = null;
  readonly #startTimer: NodeJS.Timeout;

  constructor(owner: HostOwner, server: BaseServer, config: WorkerConfig) {
    this.#owner = owner;
    this.server = server;
    this.config = config;
    // Once more around the loop: where this process stood still, what the other side has said is read only now.
    this.#startTimer = setTimeout(() => setImmediate(() => this.#giveUpStart()), START_TIME * 1000);
    this.#startTimer.unref();
  }

  /** Whether it runs requests. */
  get ready(): boolean {
    return this.#readySince !== null && !this.#exited;
  }

  /** Seconds since it became ready; `null` when it never has. */
  get readyFor(): number | null {
    return this.#readySince === null ? null : (performance.now() - this.#readySince) / 1000;
  }

  /** Why it is of no use, where it has said so: another one would not be better. */
  get unusable(): Error | null {
    return this.#unusable;
  }

  /** Requests that it is working on, or that are on their way to it. */
  get load(): number {
    return this.#dispatched.size;
  }

  /** Whether a request may be handed to it just now. Where it says no, its owner is told when that has changed. */
  get accepts(): boolean {
    return !this.#isUnreachable && this.#unacknowledgedCount < MAX_IN_FLIGHT_REQUESTS;
  }

  /** When it had nothing to do for the last time, in milliseconds of `performance.now()`. */
  get idleSince(): number {
    return this.#idleSince;
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives a request its number: it is on its way. @param socket of a connection; closed here when the other side has it */
  protected begin(job: Job, socket: Socket | null): number {
    this.#unacknowledgedCount += 1;
    return this.#dispatched.add({ job, unacknowledged: true, socket });
  }

  /** Marks the worker unreachable: no further requests are dispatched to it. @returns `null`, in place of a request's number */
  protected markUnreachable(): null {
    this.#isUnreachable = true;
    return null;
  }

  /** Tells of a request, unless it has ended meanwhile. All those of one turn leave in one message. */
  protected queue(id: number, request: RequestContent): void {
    const dispatched = this.#dispatched.get(id);
    if (dispatched === undefined) return;
    if (this.#outbox.length === 0) process.nextTick(() => this.#flush());
    const { clientAddress } = dispatched.job;
    const peer = dispatched.socket?.remoteEndpoint ?? clientAddress;
    this.#outbox.push({ id, clientAddress, ...(peer === clientAddress ? {} : { peer }), ...request });
  }

  #flush(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    if (requests.length > 0 && !this.#exited) this.post({ type: "requests", requests });
  }

  /** The other side has the requests: whatever becomes of it, nobody else is to run them. */
  protected acknowledge(ids: readonly number[]): void {
    const wasFull = !this.accepts;
    for (const id of ids) {
      // Closed, and not ended: that is what the other side does.
      void this.#arrive(this.#dispatched.get(id))?.close();
    }
    if (wasFull && this.accepts) this.#owner.onRoom();
  }

  /** A request is no longer on its way. @returns the server's own socket of its connection, if it still has one */
  #arrive(dispatched: Dispatched | undefined): Socket | null {
    if (dispatched === undefined || !dispatched.unacknowledged) return null;
    this.#unacknowledgedCount -= 1;
    dispatched.unacknowledged = false;
    const { socket } = dispatched;
    dispatched.socket = null;
    return socket;
  }

  /** A request has ended before it has left. */
  protected settle(id: number, outcome: ResultMessage | Error): void {
    this.#finish(id, outcome);
    this.#owner.onRoom();
  }

  #finish(id: number, outcome: ResultMessage | Error): void {
    const dispatched = this.#dispatched.get(id);
    this.#dispatched.delete(id);
    this.#arrive(dispatched);
    if (this.#dispatched.size === 0) this.#idleSince = performance.now();
    dispatched?.job.settle(outcome);
  }

  /**
   * Has a request broken off: by breaking its connection, or where that does not help, by ending all that runs here.
   *
   * @returns `false` when it is not here any more: it has ended, or another host is to run it.
   */
  abort(id: number): boolean {
    if (!this.#dispatched.has(id)) return false;
    this.abortWorkerRequest(id);
    return true;
  }

  /** Breaks off a request that is here. */
  protected abortWorkerRequest(id: number): void {
    // Also where it has not begun as yet: nobody else is to run it either.
    this.#arrive(this.#dispatched.get(id))?.abort();
    this.#flush();
    this.post({ type: "abort", id });
    const timer = setTimeout(() => {
      if (this.#dispatched.has(id)) this.#endFor("it was told to, because of a request that did not end");
    }, ABORT_GRACE * 1000);
    timer.unref();
  }

  // ── what it says, and its end ─────────────────────────────────────────────────────────────────────────────────────

  /** It says something. */
  protected receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#becomeReady(message.thread);
        break;
      case "unusable":
        this.#unusable = unpackError(message.error);
        void this.end();
        break;
      case "ack":
        this.acknowledge(message.ids);
        break;
      case "unhandled-error":
        this.#dispatched.get(message.id)?.job.leftError(unpackError(message.error));
        break;
      case "results":
        // Also where the confirmation is still on its way, as that of a child process may be.
        this.acknowledge(message.results.map(({ id }) => id));
        for (const result of message.results) this.#finish(result.id, result);
        this.#owner.onRoom();
        break;
      case "datagram":
        void relayDatagram(this.server, message.datagram).then((sent) => this.post(sent));
        break;
    }
  }

  /** Whoever opens the server, or has a request, waits for it. */
  #giveUpStart(): void {
    if (this.#readySince !== null || this.#isUnreachable || this.#exited) return;
    this.markUnreachable();
    const { module, className } = this.config;
    this.#unusable ??= new Error(
      `Cannot import ${module} for its handler ${className}: it has not ended within ${START_TIME} s. A module that is imported ` +
        "must not wait for what may never come: leave that to the handler, or write it under if (isMain(import.meta.url)).",
    );
    void this.end();
  }

  #becomeReady(thread: number): void {
    // Too late: it is about to be ended.
    if (this.#unusable !== null) return;
    clearTimeout(this.#startTimer);
    try {
      this.onReady(thread);
    } catch (error) {
      // EMFILE, or a server that has closed. Its exit is told, and another one follows.
      this.#endFor(`it could not be given what it needs: ${messageOf(error)}`);
      return;
    }
    this.#readySince = performance.now();
    this.#owner.onReady();
  }

  #endFor(reason: string): void {
    this.recordExitReason(reason);
    this.markUnreachable();
    void this.end();
  }

  /** Says why it is about to end. What was said first counts. */
  protected recordExitReason(reason: string): void {
    this.#reason ??= reason;
  }

  /** It is gone. @param what it was, in words. @param how it has ended, where nobody has said why */
  protected exit(what: string, how: string): void {
    if (this.#exited) return;
    this.#exited = true;
    clearTimeout(this.#startTimer);
    const error = this.#unusable ?? new OSError(`${what} has ended: ${this.#reason ?? how}`, { code: "ECHILD" });
    const all = this.#dispatched.values();
    this.#dispatched.clear();
    const isLost = ({ unacknowledged, socket }: Dispatched): boolean => !unacknowledged || socket?.closed === true;
    // Before anybody is told, who may close what waits.
    const lost = all.filter(isLost);
    const waiting = all.filter((dispatched) => !isLost(dispatched));
    for (const { job } of lost) job.settle(error);
    // Each goes before all others that wait: the last one first, so that they keep their order.
    for (const { job } of waiting.reverse()) job.requeue(error);
    this.#owner.onExit(this, error);
  }

  /** Sockets can be handed over to it now. */
  protected onReady(_thread: number): void {}
  protected abstract post(message: ToWorker): void;
  /** Ends it, whatever it does. Resolves when it is gone. */
  abstract end(): Promise<void>;
}
