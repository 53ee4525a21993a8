/**
 * A transport whose listeners fail on demand: another transport, with faults put in between.
 *
 * @module
 */

import type {
  AcceptedConnection,
  AdoptedSocket,
  Channel,
  Transport,
  TransportFeatures,
  TransportName,
} from "ts-socketserver/transport";
import { nodeTransport } from "ts-socketserver/transport";
import { override } from "./override.js";

/** What listeners do wrong, and what they were asked. */
export class FaultyTransport implements Transport {
  readonly name: TransportName;
  readonly features: TransportFeatures;
  /** The codes that the next `tryAccept()` calls fail with, one each; none is left when connections are taken again. */
  readonly acceptFaults: string[] = [];
  /** When `tryAccept()` was called, in milliseconds of `performance.now()`. */
  readonly acceptAttempts: number[] = [];
  /** The backlogs that were asked for. */
  readonly backlogs: number[] = [];
  /** How many channels were asked for. */
  opened = 0;
  readonly #inner: Transport;

  /** @param inner what does the work. */
  constructor(inner: Transport = nodeTransport) {
    this.#inner = inner;
    this.name = inner.name;
    this.features = inner.features;
  }

  open(...args: Parameters<Transport["open"]>): Channel {
    this.opened += 1;
    const channel = this.#inner.open(...args);
    return override(channel, {
      listen: async (backlog: number): Promise<Channel> => {
        this.backlogs.push(backlog);
        const listener = await channel.listen(backlog);
        return override(listener, { tryAccept: () => this.#accept(listener) });
      },
    });
  }

  openPair(...args: Parameters<Transport["openPair"]>): [Channel, Channel] | null {
    return this.#inner.openPair(...args);
  }

  get thread(): number {
    return this.#inner.thread;
  }

  claim(...args: Parameters<Transport["claim"]>): AdoptedSocket {
    return this.#inner.claim(...args);
  }

  adopt(descriptor: number): AdoptedSocket {
    return this.#inner.adopt(descriptor);
  }

  #accept(listener: Channel): AcceptedConnection | null {
    this.acceptAttempts.push(performance.now());
    const code = this.acceptFaults.shift();
    if (code === undefined) return listener.tryAccept();
    throw Object.assign(new Error(`injected ${code}`), { code });
  }
}
