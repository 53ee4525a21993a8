/**
 * {@link PendingReceive}: lets one call wait until a socket has something to receive.
 *
 * @module
 */

import { type AsyncContext, contextForRejection, settleInContext } from "../async-context.js";
import { deferred, resolverOfLatest } from "../deferred.js";
import type { ByteReceiver } from "../stream/byte-stream.js";

/** A receiving call that is repeated until it succeeds: an accept, a datagram, a look at bytes that stay. */
export interface ReceiveOperation<Result> {
  /** What it does, for the message of an error: `"receive from"`. */
  readonly action: string;
  readonly syscall: string;
  /** Asks without waiting: the result, or `null` when there is none yet. */
  attempt(): Result | null;
}

/** What a socket waits with, again and again, one call at a time: for bytes, or for an operation to succeed. */
export class PendingReceive implements ByteReceiver {
  /** The socket that waits, which is not to be collected meanwhile: its channel knows this alone. */
  readonly socket: object;
  wanted = 0;
  /** What is to be repeated; `null` while bytes are waited for, and while no call waits. */
  operation: ReceiveOperation<unknown> | null = null;
  #resolve: ((result: unknown) => void) | null = null;
  #context: AsyncContext | undefined;
  #isTrying = false;

  constructor(socket: object) {
    this.socket = socket;
  }

  /** Whether a call waits. */
  get isBusy(): boolean {
    return this.#resolve !== null;
  }

  /** Waits for bytes, at most so many: {@link onBytes} or {@link onError} follows. */
  waitForBytes(wanted: number): Promise<Buffer> {
    this.wanted = wanted;
    return this.#wait<Buffer>();
  }

  /** Waits until the operation succeeds: {@link tryAgain} repeats it. */
  waitFor<Result>(operation: ReceiveOperation<Result>): Promise<Result> {
    this.operation = operation;
    return this.#wait<Result>();
  }

  #wait<Result>(): Promise<Result> {
    const promise = deferred<Result>();
    this.#resolve = resolverOfLatest();
    this.#context = contextForRejection();
    return promise;
  }

  onBytes(bytes: Buffer): void {
    this.#end()?.(bytes);
  }

  onError(error: unknown): void {
    const context = this.#context;
    settleInContext(context, this.#end(), () => Promise.reject(error));
  }

  /**
   * Something may have changed: repeats the operation.
   *
   * @returns whether it has found nothing, and is to be repeated.
   * @throws what it has failed with: for {@link onError}.
   */
  tryAgain(): boolean {
    // An attempt may itself change something, and so lead back here.
    if (this.operation === null || this.#isTrying) return false;
    this.#isTrying = true;
    try {
      const result = this.operation.attempt();
      if (result === null) return true;
      this.#end()?.(result);
      return false;
    } finally {
      this.#isTrying = false;
    }
  }

  /** No call waits any more. @returns what ends the wait of the one that did */
  #end(): ((result: unknown) => void) | null {
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#context = undefined;
    this.operation = null;
    return resolve;
  }
}
