/**
 * {@link RunnerPool}: the threads or child processes of one server, and who of them gets which request.
 *
 * @module
 */

import { BusyResourceError, closedError } from "../core/errors.js";
import type { ResultMessage } from "./messages.js";
import type { HostOwner, Job, RunnerHost } from "./runner-host.js";

/** How often hosts may end in a row without having been of use, or with a request that they had not begun, until that is given up. */
const MAX_FAILED_STARTS = 3;

/** What a pool is made of. */
export interface PoolOptions<Host extends RunnerHost> {
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
  onLoss(error: Error): void;
}

/** How long, in seconds, the pool waits until it tries again to start one, where that has failed. */
const RESTART_PAUSE = 1;

/** A request that waits until somebody can run it. */
interface Waiting<Host> {
  readonly job: Job;
  give(host: Host): boolean;
}

/** Keeps as many hosts running as there should be, and gives each request to the one with the least to do. */
export class RunnerPool<Host extends RunnerHost> implements HostOwner {
  readonly #options: PoolOptions<Host>;
  readonly #hosts = new Set<Host>();
  readonly #queue: Waiting<Host>[] = [];
  #failedStarts = 0;
  #broken: Error | null = null;
  /** No further hosts are started. */
  #closing = false;
  /** Hosts end when they have nothing to do. */
  #retiring = false;
  #started: { resolve(): void; reject(error: Error): void } | null = null;
  #isStarted = false;
  #restartTimer: NodeJS.Timeout | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  /** Hosts that were told to end. */
  readonly #ending = new Map<RunnerHost, Promise<void>>();

  constructor(options: PoolOptions<Host>) {
    this.#options = options;
  }

  /** How many hosts there are, started or starting. */
  get size(): number {
    return this.#hosts.size;
  }

  /** The hosts that there are, started or starting. */
  get hosts(): IterableIterator<Host> {
    return this.#hosts.values();
  }

  /** Starts the hosts. @throws Error when they cannot be started, such as for a handler that cannot be imported. */
  async start(): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject };
    });
    this.#fill();
    await started;
    this.#isStarted = true;
  }

  /** Starts those that are missing. */
  #fill(): void {
    while (this.#hosts.size < this.#options.size && !this.#closing) this.#startOne();
  }

  #startOne(): void {
    this.#hosts.add(this.#options.start(this));
  }

  /**
   * Runs a request on the least busy host; where none has room, it waits for one.
   *
   * @param request whom it comes from, and who is told of an error that its handler leaves unhandled.
   * @param give hands it to a host; `false` when that one has just ended.
   * @throws BusyResourceError when too many wait already; the pool's own error when it cannot run anything.
   */
  run(
    request: Pick<Job, "clientAddress" | "leftError">,
    give: (host: Host, job: Job) => boolean,
  ): Promise<ResultMessage> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#closing && this.#hosts.size === 0) return Promise.reject(closed());
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
      const again = (reason: Error): void => {
        failures += 1;
        if (this.#closing || failures >= MAX_FAILED_STARTS) settle(reason);
        else this.#queue.unshift(waiting);
      };
      const job: Job = { ...request, settle, again };
      const waiting: Waiting<Host> = { job, give: (host) => give(host, job) };
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const host = this.#leastBusy();
      if (host === null) {
        this.#grow();
        return;
      }
      const [waiting] = this.#queue;
      if (waiting === undefined) return;
      let given: boolean;
      try {
        given = waiting.give(host);
      } catch (error) {
        // Its socket was closed meanwhile: that is its own end only, and not for who called this.
        this.#queue.shift();
        waiting.job.settle(error instanceof Error ? error : new Error(String(error)));
        continue;
      }
      if (given) this.#queue.shift();
      // It has ended, and its exit is about to be told: until then it is no use.
      else this.#hosts.delete(host);
    }
  }

  #leastBusy(): Host | null {
    let best: Host | null = null;
    for (const host of this.#hosts) {
      if (!host.ready || !host.accepts || host.load >= this.#options.capacity) continue;
      if (best === null || host.load < best.load) best = host;
    }
    return best;
  }

  #grow(): void {
    const starting = [...this.#hosts].filter((host) => !host.ready).length;
    if (starting < this.#queue.length && this.#hosts.size < this.#options.maxSize && !this.#closing) this.#startOne();
  }

  onReady(): void {
    this.#broken = null;
    // What is started ahead is there before the first request.
    if ([...this.#hosts].every((host) => host.ready)) this.#started?.resolve();
    if (this.#isStarted) this.#fill();
    this.#dispatch();
  }

  onResult(): void {
    this.#dispatch();
    if (this.#retiring) this.#endIdle(0, 0);
    else this.#watchIdle();
  }

  onExit(host: RunnerHost, error: Error): void {
    this.#hosts.delete(host as Host);
    if (this.#ending.delete(host)) return;
    if (this.#closing) {
      // Nobody takes its place.
      if (this.#hosts.size === 0) this.#refuseAll(error);
      return;
    }
    this.#failedStarts = host.wasUseful ? 0 : this.#failedStarts + 1;
    const isUseless = host.unusable !== null || this.#failedStarts >= MAX_FAILED_STARTS;
    if (!this.#isStarted && isUseless) {
      this.#broken = error;
      this.#started?.reject(error);
      this.#refuseAll(error);
      return;
    }
    this.#options.onLoss(error);
    if (isUseless) this.#restartLater(error);
    else this.#fill();
    this.#dispatch();
  }

  /** Starting fails, which it did not always: it is tried again, and meanwhile the others run what they can. */
  #restartLater(error: Error): void {
    if (this.#hosts.size === 0) {
      this.#broken = error;
      this.#refuseAll(error);
    }
    this.#restartTimer ??= setTimeout(() => {
      this.#restartTimer = null;
      // One to begin with: where it succeeds, the others follow.
      if (this.#hosts.size < this.#options.size) this.#startOne();
    }, RESTART_PAUSE * 1000);
    this.#restartTimer.unref();
  }

  /** Nothing can be run: everybody who waits is told why. */
  #refuseAll(error: Error): void {
    for (const { job } of this.#queue.splice(0)) job.settle(error);
  }

  // ── ending hosts ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Ends the hosts beyond those that are started ahead, as far as they have nothing to do. Resolves when they are gone. */
  async collect(): Promise<void> {
    this.#endIdle(this.#options.size, 0);
    await Promise.all(this.#ending.values());
  }

  #watchIdle(): void {
    const { idleTime = null, size } = this.#options;
    if (this.#closing || idleTime === null || this.#idleTimer !== null || this.#hosts.size <= size) return;
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = null;
      this.#endIdle(size, idleTime);
      this.#watchIdle();
    }, idleTime * 1000);
    this.#idleTimer.unref();
  }

  /** Ends hosts that have been idle for so many seconds, down to that size. */
  #endIdle(size: number, seconds: number): void {
    if (this.#queue.length > 0) return;
    const latest = performance.now() - seconds * 1000;
    for (const host of this.#hosts) {
      if (this.#hosts.size <= size) return;
      if (host.ready && host.load === 0 && host.idleSince <= latest) this.#end(host);
    }
  }

  #end(host: Host): void {
    this.#hosts.delete(host);
    this.#ending.set(host, host.end());
  }

  /** Starts no further hosts, whatever happens to those that there are: the server is about to close. */
  stopStarting(): void {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
  }

  /** Lets every host finish what it is doing, and ends it then. */
  retire(): void {
    this.stopStarting();
    this.#retiring = true;
    this.#endIdle(0, 0);
  }

  /** Ends every host, with whatever it is doing. Resolves when they are gone. */
  async close(): Promise<void> {
    this.stopStarting();
    this.#started?.reject(closed());
    this.#refuseAll(closed());
    for (const host of this.#hosts) this.#end(host);
    await Promise.all(this.#ending.values());
  }
}

function closed(): Error {
  return closedError("run requests", "request");
}
