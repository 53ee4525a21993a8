/**
 * {@link RemoteRequests}: the requests of one server that run in other threads or processes.
 *
 * @module
 */

import { closedError, osError } from "../../core/errors.js";
import type { DatagramRequest } from "../../core/server/datagram-server.js";
import { Socket } from "../../core/socket/socket.js";
import { unpackError } from "../wire/error-codec.js";
import type { RunnerPool } from "./pool.js";
import type { Job, RunnerHost } from "./worker.js";

/** A host that requests can be handed to. */
export interface RequestHost extends RunnerHost {
  /** Hands a request over, and tells its number there; `null` when the host has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null;
}

/** What is to be known of a request beside itself. */
export type RequestTerms = Pick<Job, "clientAddress" | "leftError"> & {
  /** Seconds that it may take, from when it was handed over; `null` for ever. */
  readonly timeout: number | null;
};

/** Has requests run by a pool, and breaks them off. */
export class RemoteRequests<Host extends RequestHost> {
  readonly #pool: RunnerPool<Host>;
  /** How to break a request off; what that returns says whether its connection is broken by it. */
  readonly #breakOffs = new WeakMap<Socket | DatagramRequest, () => boolean>();

  constructor(pool: RunnerPool<Host>) {
    this.#pool = pool;
  }

  /** Waits until a handler has run elsewhere. @throws what it has thrown there; TimeoutError; why it could not run. */
  async run(request: Socket | DatagramRequest, { timeout, ...about }: RequestTerms): Promise<void> {
    let late = false;
    let unwanted = false;
    let timer: NodeJS.Timeout | null = null;
    // As long as nobody has it, it is only taken out of the queue.
    const giveUp = (): boolean => {
      unwanted = true;
      return false;
    };
    this.#breakOffs.set(request, giveUp);
    try {
      const result = await this.#pool.run(about, (host, job) => {
        if (unwanted) {
          job.settle(closedError("run a request", "request"));
          return true;
        }
        const id = host.give(job, request);
        if (id === null) return false;
        // A host that has ended meanwhile may have left it to the next one: then it is in the queue again.
        this.#breakOffs.set(request, () => host.breakOff(id) || giveUp());
        if (timer !== null) clearTimeout(timer);
        if (timeout !== null) {
          timer = setTimeout(() => {
            late = host.breakOff(id);
          }, timeout * 1000);
        }
        return true;
      });
      if (request instanceof Socket && result.counters !== null) request.settleCounters(result.counters);
      if (result.error !== null && !late) throw unpackError(result.error);
    } catch (error) {
      if (!late) throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
      this.#breakOffs.delete(request);
    }
    if (late) throw osError(`finish the request within ${timeout} s`, "ETIMEDOUT", "request");
  }

  /** Breaks a request off. @returns `false` when its connection is still the server's, which is to break it */
  breakOff(request: Socket | DatagramRequest): boolean {
    return this.#breakOffs.get(request)?.() ?? false;
  }
}
