/**
 * {@link CallEndpoint}: how calls of the server's methods travel among the other messages of a child process.
 *
 * @module
 */

import type { Endpoint } from "comlink";

type Listener = Parameters<Endpoint["addEventListener"]>[1];

/** One end, as comlink wants it. */
export class CallEndpoint implements Endpoint {
  readonly #post: (data: unknown) => void;
  readonly #listeners = new Set<Listener>();

  /** @param post sends to the other end, which gives it to {@link deliver}. */
  constructor(post: (data: unknown) => void) {
    this.#post = post;
  }

  postMessage(data: unknown, transfer: readonly unknown[] = []): void {
    if (transfer.length > 0) {
      throw new TypeError("Cannot pass a function or a port to another process: only what can be copied.");
    }
    this.#post(data);
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Something has come from the other end. */
  deliver(data: unknown): void {
    const event = Object.assign(new Event("message"), { data });
    for (const listener of this.#listeners) {
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    }
  }
}
