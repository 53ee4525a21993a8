/**
 * A transport whose listeners fail on demand: the Node transport, with faults put in between.
 *
 * @module
 */

import type { AcceptedConnection, AdoptedSocket, Channel, Transport } from "ts-socketserver";
import { nodeTransport } from "ts-socketserver";

/** What listeners do wrong, and what they were asked. */
export class FaultyTransport implements Transport {
  readonly name = nodeTransport.name;
  readonly features = nodeTransport.features;
  /** The codes that the next `tryAccept()` calls fail with, one each; none is left when connections are taken again. */
  readonly acceptFaults: string[] = [];
  /** When `tryAccept()` was called, in milliseconds of `performance.now()`. */
  readonly acceptAttempts: number[] = [];
  /** The backlogs that were asked for. */
  readonly backlogs: number[] = [];
  /** How many channels were asked for. */
  opened = 0;

  open(...[family, kind]: Parameters<Transport["open"]>): Channel {
    this.opened += 1;
    const channel = nodeTransport.open(family, kind, 0);
    return override(channel, {
      listen: async (backlog: number): Promise<Channel> => {
        this.backlogs.push(backlog);
        const listener = await channel.listen(backlog);
        return override(listener, { tryAccept: () => this.#accept(listener) });
      },
    });
  }

  openPair(...args: Parameters<Transport["openPair"]>): [Channel, Channel] | null {
    return nodeTransport.openPair(...args);
  }

  adopt(descriptor: number): AdoptedSocket {
    return nodeTransport.adopt(descriptor);
  }

  #accept(listener: Channel): AcceptedConnection | null {
    this.acceptAttempts.push(performance.now());
    const code = this.acceptFaults.shift();
    if (code === undefined) return listener.tryAccept();
    throw Object.assign(new Error(`injected ${code}`), { code });
  }
}

/** The channel, with some methods replaced. All else, the owner too, is the channel's own. */
function override(channel: Channel, methods: Partial<Channel>): Channel {
  return new Proxy(channel, {
    get(target, key) {
      const value: unknown = Reflect.get(key in methods ? methods : target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
