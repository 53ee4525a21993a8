/**
 * {@link RunnerHost}: the server's side of one worker thread or child process that runs its handlers.
 *
 * @module
 */

import type { Address } from "../core/address.js";
import { OSError } from "../core/errors.js";
import { unpackError } from "./error-message.js";
import type { FromRunner, RequestMessage, ResultMessage, ToRunner } from "./messages.js";

/** How long, in seconds, a handler has to end after its connection was broken. */
const GRACE = 0.5;

/** How long, in seconds, a host that was given nothing has to live until its end is no failed start. */
const TRIAL = 1;

/** A request that was handed over. */
export interface Job {
  readonly clientAddress: Address;
  /** Called once: with how it ended, or with why it could not. */
  settle(result: ResultMessage | Error): void;
  /** The handler has left an error unhandled, and goes on. */
  leftError(error: Error): void;
  /** Its host has ended before it had begun: another one is to run it, or nobody, for that reason. */
  again(reason: Error): void;
}

/** What is told of a request, beside its number and its client. */
export type RequestContent = Omit<RequestMessage, "id" | "clientAddress">;

/** Who is told what becomes of a host. */
export interface HostOwner {
  /** It is ready for requests. */
  onReady(host: RunnerHost): void;
  /** A request has ended, so that there is room. */
  onResult(host: RunnerHost): void;
  /** It has ended, with all its requests. */
  onExit(host: RunnerHost, reason: Error): void;
}

/** Starts ready, or not; runs requests; ends once. */
export abstract class RunnerHost {
  readonly #owner: HostOwner;
  readonly #jobs = new Map<number, Job>();
  #outbox: RequestMessage[] = [];
  #nextId = 1;
  #idleSince = performance.now();
  #ready = false;
  #readySince = Number.POSITIVE_INFINITY;
  #exited = false;
  /** Why it cannot be used, where it has said so. */
  #unusable: Error | null = null;

  constructor(owner: HostOwner) {
    this.#owner = owner;
  }

  get ready(): boolean {
    return this.#ready && !this.#exited;
  }

  /** Whether it has been of use: given a request, or ready for a second at least. */
  get wasUseful(): boolean {
    return this.#nextId > 1 || performance.now() - this.#readySince > TRIAL * 1000;
  }

  /** Requests that it is working on. */
  get load(): number {
    return this.#jobs.size;
  }

  /** Whether it can take in a request just now. Where it says no, {@link tellRoom} follows. */
  get accepts(): boolean {
    return true;
  }

  /** When it had nothing to do for the last time, in milliseconds of `performance.now()`. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** Runs a request. All those of one turn leave in one message. */
  protected send(job: Job, request: RequestContent): number {
    const id = this.begin(job);
    this.queue(id, request);
    return id;
  }

  /** Gives a request its number. {@link queue} is to follow. */
  protected begin(job: Job): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#jobs.set(id, job);
    return id;
  }

  /** Tells of a request, unless it has ended meanwhile. */
  protected queue(id: number, request: RequestContent): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    if (this.#outbox.length === 0) process.nextTick(() => this.#flush());
    this.#outbox.push({ id, clientAddress: job.clientAddress, ...request });
  }

  /** A request has ended. */
  protected settle(id: number, outcome: ResultMessage | Error): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (this.#jobs.size === 0) this.#idleSince = performance.now();
    job?.settle(outcome);
  }

  /** There is room again. */
  protected tellRoom(): void {
    if (!this.#exited) this.#owner.onResult(this);
  }

  #flush(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    if (!this.#exited) this.post({ type: "requests", requests });
  }

  /** Has a request broken off: by breaking its connection, or where that does not help, by ending all that runs here. */
  breakOff(id: number): void {
    if (this.#exited || !this.#jobs.has(id)) return;
    this.post({ type: "abort", id });
    const timer = setTimeout(() => {
      if (this.#jobs.has(id)) void this.end();
    }, GRACE * 1000);
    timer.unref();
  }

  /** It says something. */
  protected receive(message: FromRunner): void {
    if (message.type === "ready") {
      try {
        this.onReady(message.thread);
      } catch {
        // It could not be given what it needs (EMFILE, a server that has closed): its exit is told, and another one follows.
        void this.end();
        return;
      }
      this.#ready = true;
      this.#readySince = performance.now();
      this.#owner.onReady(this);
    } else if (message.type === "unusable") {
      this.#unusable = unpackError(message.error);
      this.end();
    } else if (message.type === "left-error") {
      this.#jobs.get(message.id)?.leftError(unpackError(message.error));
    } else {
      for (const result of message.results) this.settle(result.id, result);
      this.tellRoom();
    }
  }

  /** It is gone, for that reason. */
  protected exit(reason: string): void {
    if (this.#exited) return;
    this.#exited = true;
    const error = this.#unusable ?? new OSError(reason, { code: "ECHILD" });
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    for (const [id, job] of jobs) {
      if (this.hasBegun(id)) job.settle(error);
      else job.again(error);
    }
    this.#owner.onExit(this, error);
  }

  /** Whether a request may have been begun; where it says no, nothing of it has left the server. */
  protected hasBegun(_id: number): boolean {
    return true;
  }

  /** Whether it was of no use from the beginning: another one would not be better. */
  get unusable(): Error | null {
    return this.#unusable;
  }

  /** It can be given sockets now. */
  protected onReady(_thread: number): void {}
  protected abstract post(message: ToRunner): void;
  /** Ends it, whatever it does. Resolves when it is gone. */
  abstract end(): Promise<void>;
}
