/**
 * {@link PendingReceive}: lets one call wait until a socket has something to receive.
 *
 * @module
 */

import { type AsyncContext, contextForRejection, settleInContext } from "../async-context.js";
import { deferred, resolverOfLatest } from "./deferred.js";
import type { WaitExplainer } from "./send-queue.js";

/** A kind of receiving call. */
export interface ReceiveOperation<Source, Result> {
  /** What it does, for the message of an error: `"receive from"`. */
  readonly action: string;
  readonly syscall: string;
  /** Whether its results are the bytes of a stream. */
  readonly takesBytes: boolean;
  /** Asks without waiting: the result, or `null` when there is none yet. */
  attempt(source: Source, size: number, flags: number): Result | null;
}

/** What a socket waits with, again and again, one call at a time. */
export class PendingReceive<Source extends WaitExplainer> {
  readonly #source: Source;
  /** What the call that waits does; `null` while there is none. */
  #receiving: ReceiveOperation<Source, unknown> | null = null;
  #size = 0;
  #flags = 0;
  #resolve: ((result: unknown) => void) | null = null;
  /** Who waits, where it matters if the wait ends with an error. */
  #scope: AsyncContext | undefined;
  /** Ends the wait after its time. */
  #timer: NodeJS.Timeout | null = null;
  #attempt: "none" | "under way" | "to be repeated" = "none";

  constructor(source: Source) {
    this.#source = source;
  }

  /** Whether a call waits. */
  get isBusy(): boolean {
    return this.#receiving !== null;
  }

  /** How many bytes of a stream the call that waits would take, at most; 0 where none does. */
  get awaitedBytes(): number {
    return this.#receiving?.takesBytes && this.#flags === 0 ? this.#size : 0;
  }

  /** The call that waits for bytes gets these. */
  receive(bytes: Buffer): void {
    this.#end(bytes);
  }

  /**
   * Waits with a call that has found nothing; {@link isBusy} was false.
   *
   * @param timeout how long to wait, in seconds; `null` for ever.
   */
  wait<Result>(
    receiving: ReceiveOperation<Source, Result>,
    size: number,
    flags: number,
    timeout: number | null,
  ): Promise<Result> {
    const promise = deferred<Result>();
    this.#resolve = resolverOfLatest();
    this.#scope = contextForRejection();
    this.#receiving = receiving;
    this.#size = size;
    this.#flags = flags;
    if (timeout !== null) this.#timer = setTimeout(() => this.#expire(timeout), timeout * 1000);
    return promise;
  }

  /** Something may have changed: the call tries again. */
  wake(): void {
    if (this.#receiving === null) return;
    // An attempt may itself change something, and so lead back here: each result is asked for once, by the outer call.
    if (this.#attempt !== "none") this.#attempt = "to be repeated";
    else this.#tryAgain(this.#receiving);
  }

  #tryAgain(receiving: ReceiveOperation<Source, unknown>): void {
    let result: unknown = null;
    try {
      do {
        this.#attempt = "under way";
        result = receiving.attempt(this.#source, this.#size, this.#flags);
      } while (result === null && this.#repeats());
    } catch (error) {
      this.#fail(this.#source.explainFailure(error, receiving.action, receiving.syscall));
      return;
    } finally {
      this.#attempt = "none";
    }
    if (result !== null) this.#end(result);
  }

  #repeats(): boolean {
    return this.#attempt === "to be repeated";
  }

  /** The socket is closed: ends the wait, if any. */
  close(): void {
    const receiving = this.#receiving;
    if (receiving !== null) this.#fail(this.#source.explainClosed(receiving.action, receiving.syscall));
  }

  #expire(seconds: number): void {
    const receiving = this.#receiving;
    if (receiving !== null) this.#fail(this.#source.explainTimeout(seconds, receiving.action, receiving.syscall));
  }

  #fail(error: unknown): void {
    // An attempt may have closed the socket before it failed: the call has been told then.
    if (this.#receiving !== null) settleInContext(this.#scope, this.#stop(), () => Promise.reject(error));
  }

  #end(result: unknown): void {
    this.#stop()?.(result);
  }

  /** Nobody waits any more. Returns what tells who did. */
  #stop(): ((result: unknown) => void) | null {
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#scope = undefined;
    this.#receiving = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return resolve;
  }
}
