/**
 * {@link queueOver}: a queue of bytes before a sink that has none of its own.
 *
 * @module
 */

import type { ByteSink } from "./byte-stream.js";
import { type SendExplainer, SendQueue, type SendTarget } from "./send-queue.js";

/** Makes the queue of a writer over a sink whose calls promise: one `sendall()` at a time, in the order of the writes. */
export function queueOver(sink: ByteSink): SendQueue {
  const target = new SinkTarget(sink);
  const queue = new SendQueue(target, target);
  target.onSettled = () => queue.wake();
  return queue;
}

/**
 * A sink as the target of a queue. What it was given counts as taken when its `sendall()` has settled: until then the queue
 * keeps the bytes, and offers them again. After a failure it takes nothing more: that would come after a gap.
 */
class SinkTarget implements SendTarget, SendExplainer {
  onSettled: () => void = () => {};
  readonly #sink: ByteSink;
  #state: "idle" | "sending" | "sent" | "failed" = "idle";
  #error: unknown;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  trySend(data: Uint8Array, start: number, end: number): number | null {
    if (this.#state === "failed") throw this.#error;
    if (this.#state === "sending") return null;
    if (this.#state === "idle" && start < end) {
      const sending = this.#sink.sendall(data.subarray(start, end));
      this.#state = "sending";
      sending.then(
        () => this.#settle("sent"),
        (error: unknown) => {
          this.#error = error;
          this.#settle("failed");
        },
      );
      return null;
    }
    this.#state = "idle";
    return end - start;
  }

  #settle(state: "sent" | "failed"): void {
    this.#state = state;
    this.onSettled();
  }

  flushed(): boolean {
    if (this.#state === "failed") throw this.#error;
    return this.#state !== "sending";
  }

  /** Nothing has to be done: the queue is woken whenever something was sent. */
  watch(): void {}

  /** How long a send may take is the sink's business. */
  gettimeout(): null {
    return null;
  }

  /** The sink's errors are in words already. */
  explainFailure(error: unknown): unknown {
    return error;
  }

  explainTimeout(seconds: number): Error {
    return new Error(`The sink did not take the bytes within ${seconds} s`);
  }

  explainBlocking(): Error {
    return new Error("The sink may not wait");
  }

  explainClosed(): Error {
    return new Error("The sink is closed");
  }
}
