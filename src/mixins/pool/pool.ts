/**
 * {@link WorkerPool}: the threads or child processes of one server, and who of them gets which request.
 *
 * @module
 */

import { BusyResourceError, closedError } from "../../core/errors.js";
import { asError } from "../wire/error-codec.js";
import type { ResultMessage } from "../wire/messages.js";
import type { HostOwner, Job, WorkerHandle } from "./worker.js";

/** How often workers may fail to start in a row, until that is taken for their nature. */
const MAX_FAILED_STARTS = 3;
/** How many workers may end with a request on its way to them, until that is taken for the request's fault. */
const MAX_TRIES = 3;

/** How long, in seconds, a worker has to live for its end to be no reason to be careful with the next one. */
const TRIAL = 1;
/** How long, in seconds, the pool waits before it starts the third of workers that end early; twice as long before the next one. */
const FIRST_PAUSE = 0.05;
/** How long it waits at most; and where they do not even start. */
const LONGEST_PAUSE = 1;

/** What a pool is made of. */
export interface PoolOptions<Host extends WorkerHandle> {
  /** How many are started ahead. */
  readonly size: number;
  /** How many there may be, where a busy one takes nothing else; `size` where each runs many at once. */
  readonly maxSize: number;
  /** Requests that one runs at once. */
  readonly capacity: number;
  /** Requests that may wait for one. */
  readonly maxQueued: number;
  /** Seconds after which those beyond `size` end that have nothing to do; `null` for never. */
  readonly idleTime?: number | null;
  start(owner: HostOwner): Host;
  /** One has ended that was not told to. */
  onUnexpectedExit(error: Error): void;
}

/** A request that waits until somebody can run it. */
interface Waiting<Host> {
  readonly job: Job;
  give(worker: Host): boolean;
}

/** Keeps as many workers running as there should be, and gives each request to the one with the least to do. */
export class WorkerPool<Host extends WorkerHandle> implements HostOwner {
  readonly #options: PoolOptions<Host>;
  readonly #workers = new Set<Host>();
  readonly #queue: Waiting<Host>[] = [];
  /** Hosts in a row that could not be started. */
  #failedStarts = 0;
  /** Hosts in a row that ended early. */
  #earlyEnds = 0;
  /** Why nothing can be run. */
  #broken: Error | null = null;
  /** No further workers are started. */
  #closing = false;
  /** Hosts end when they have nothing to do. */
  #retiring = false;
  #started: { resolve(): void; reject(error: Error): void } | null = null;
  #isStarted = false;
  #restartTimer: NodeJS.Timeout | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  /** Hosts that were told to end. */
  readonly #ending = new Map<WorkerHandle, Promise<void>>();

  constructor(options: PoolOptions<Host>) {
    this.#options = options;
  }

  /** The workers that there are, started or starting. */
  get workers(): IterableIterator<Host> {
    return this.#workers.values();
  }

  /** Starts the workers. @throws Error when they cannot be started, such as for a handler that cannot be imported. */
  async start(): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject };
    });
    this.#fill();
    await started;
  }

  /** Starts those that are missing. */
  #fill(): void {
    while (this.#workers.size < this.#options.size && this.#mayStart) this.#startOne();
  }

  #startOne(): void {
    this.#workers.add(this.#options.start(this));
  }

  /**
   * Runs a request on the least busy worker; where none has room, it waits for one.
   *
   * @param request whom it comes from, and who is told of an error that its handler leaves unhandled.
   * @param give hands it to a worker; `false` when that one has just ended.
   * @throws BusyResourceError when too many wait already; the pool's own error when it cannot run anything.
   */
  run(
    request: Pick<Job, "clientAddress" | "leftError">,
    give: (worker: Host, job: Job) => boolean,
  ): Promise<ResultMessage> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#closing && this.#workers.size === 0) return Promise.reject(closed());
    if (this.#queue.length >= this.#options.maxQueued) {
      return Promise.reject(
        new BusyResourceError(`Cannot take another request: ${this.#queue.length} wait already (EBUSY)`, {
          code: "EBUSY",
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const settle = (result: ResultMessage | Error): void => {
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      let failures = 0;
      const requeue = (reason: Error): void => {
        failures += 1;
        if (failures >= MAX_TRIES) settle(reason);
        else this.#queue.unshift(waiting);
      };
      const job: Job = { ...request, settle, requeue };
      const waiting: Waiting<Host> = { job, give: (worker) => give(worker, job) };
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const worker = this.#leastBusy();
      if (worker === null) {
        this.#grow();
        return;
      }
      // Taken out first: what becomes of it may lead back here.
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      try {
        // Where it could not be given, its worker has ended, and accepts nothing any more.
        if (!waiting.give(worker)) this.#queue.unshift(waiting);
      } catch (error) {
        // Its socket was closed meanwhile: that is its own end only, and not for who called this.
        waiting.job.settle(asError(error));
      }
    }
  }

  #leastBusy(): Host | null {
    let best: Host | null = null;
    for (const worker of this.#workers) {
      if (!worker.ready || !worker.accepts || worker.load >= this.#options.capacity) continue;
      if (best === null || worker.load < best.load) best = worker;
    }
    return best;
  }

  #grow(): void {
    const starting = [...this.#workers].filter((worker) => !worker.ready).length;
    if (starting < this.#queue.length && this.#workers.size < this.#options.maxSize && this.#mayStart) this.#startOne();
  }

  get #mayStart(): boolean {
    return !this.#closing && this.#restartTimer === null;
  }

  onReady(): void {
    this.#broken = null;
    this.#failedStarts = 0;
    this.#fill();
    // What is started ahead is there before the first request.
    if (this.#workers.size >= this.#options.size && [...this.#workers].every((worker) => worker.ready)) {
      this.#isStarted = true;
      this.#started?.resolve();
    }
    this.onRoom();
  }

  onRoom(): void {
    this.#dispatch();
    if (this.#retiring) this.#endIdle(0, 0);
    else this.#watchIdle();
  }

  onExit(worker: WorkerHandle, error: Error): void {
    this.#workers.delete(worker as Host);
    const wasTold = this.#ending.delete(worker);
    if (this.#closing && this.#workers.size === 0) this.#refuseAll(error);
    // Nobody takes its place; the others run what it has left.
    else if (this.#closing || wasTold) this.#dispatch();
    else this.#onUnexpectedExit(worker, error);
  }

  /** It has ended by itself. */
  #onUnexpectedExit(worker: WorkerHandle, error: Error): void {
    const { readyFor } = worker;
    if (readyFor === null) this.#failedStarts += 1;
    this.#earlyEnds = readyFor !== null && readyFor > TRIAL ? 0 : this.#earlyEnds + 1;
    const isHopeless = worker.unusable !== null || this.#failedStarts >= MAX_FAILED_STARTS;
    if (isHopeless && !this.#isStarted) {
      this.#started?.reject(error);
      return;
    }
    if (isHopeless && this.#workers.size === 0) {
      this.#broken = error;
      this.#refuseAll(error);
    }
    this.#options.onUnexpectedExit(error);
    this.#restart(isHopeless ? LONGEST_PAUSE : pauseAfter(this.#earlyEnds));
    this.#dispatch();
  }

  /** Starts what is missing: at once, or after so many seconds. Meanwhile the others run what they can. */
  #restart(pause: number): void {
    if (this.#restartTimer !== null) return;
    if (pause === 0) {
      this.#fill();
      return;
    }
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      // One to begin with: where it succeeds, the others follow.
      if (this.#workers.size < this.#options.size || this.#queue.length > 0) this.#startOne();
    }, pause * 1000);
  }

  /** Nothing can be run: everybody who waits is told why. */
  #refuseAll(error: Error): void {
    for (const { job } of this.#queue.splice(0)) job.settle(error);
  }

  // ── ending workers ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the workers beyond those that are started ahead, as far as they have nothing to do. Resolves when they are gone. */
  async collect(): Promise<void> {
    this.#endIdle(this.#options.size, 0);
    await Promise.all(this.#ending.values());
  }

  #watchIdle(): void {
    const { idleTime = null, size } = this.#options;
    if (this.#closing || idleTime === null || this.#idleTimer !== null || this.#workers.size <= size) return;
    // Where all are busy, the next one that is not leads here.
    if (!this.#hasIdle()) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = null;
      this.#endIdle(size, idleTime);
      this.#watchIdle();
    }, idleTime * 1000);
    this.#idleTimer.unref();
  }

  #hasIdle(): boolean {
    for (const worker of this.#workers) if (worker.ready && worker.load === 0) return true;
    return false;
  }

  /** Ends workers that have been idle for so many seconds, down to that size. */
  #endIdle(size: number, seconds: number): void {
    if (this.#queue.length > 0) return;
    const latest = performance.now() - seconds * 1000;
    for (const worker of this.#workers) {
      if (this.#workers.size <= size) return;
      if (worker.load === 0 && worker.idleSince <= latest && (worker.ready || this.#retiring)) this.#end(worker);
    }
  }

  #end(worker: Host): void {
    this.#workers.delete(worker);
    this.#ending.set(worker, worker.end());
  }

  /** Starts no further workers, whatever happens to those that there are: the server is about to close. */
  stopStarting(): void {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    // Nobody comes any more for those who wait.
    if (this.#workers.size === 0) this.#refuseAll(closed());
  }

  /** Lets every worker finish what it is doing, and ends it then. */
  retire(): void {
    this.stopStarting();
    this.#retiring = true;
    this.#endIdle(0, 0);
  }

  /** Ends every worker, with whatever it is doing. Resolves when they are gone. */
  async close(): Promise<void> {
    this.stopStarting();
    this.#started?.reject(closed());
    this.#refuseAll(closed());
    for (const worker of this.#workers) this.#end(worker);
    await Promise.all(this.#ending.values());
  }
}

/** How long to wait, in seconds, where so many workers in a row have ended early. One may have had bad luck. */
function pauseAfter(earlyEnds: number): number {
  return earlyEnds < 2 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (earlyEnds - 2));
}

function closed(): Error {
  return closedError("run requests", "request");
}
