/**
 * {@link DescriptorSender}: the server's end of the pair of sockets by which connections get to a child process.
 *
 * @module
 */

import { SHUT_WR } from "../../core/constants.js";
import { closedError, codeOf } from "../../core/errors.js";
import type { Channel, ChannelOwner } from "../../core/transport/transport.js";
import { isEnded, MAX_PACKET, NUMBER_BYTES, packNumbers, unpackNumbers } from "../wire/packets.js";
import type { ConnectionCarrier, Departure } from "./handoff.js";
import { MAX_ON_WAY } from "./worker.js";

/** The system is short of something just now (as of descriptors that may be on their way), and tells nobody when that has passed. */
const SHORT: ReadonlySet<string> = new Set(["ETOOMANYREFS", "ENOBUFS", "ENOMEM"]);
/** When to try again then, in milliseconds. */
const RETRY = 10;

/** Who is told what becomes of the connections. */
export interface DepartureOwner {
  /** One has left. */
  onSent(id: number): void;
  /** The child has them. */
  onConfirmed(ids: readonly number[]): void;
}

/** Sends connections as descriptors. */
export class DescriptorSender implements ConnectionCarrier, ChannelOwner {
  /** It asks by itself. */
  readonly awaitedBytes = 0;
  readonly #channel: Channel;
  readonly #owner: DepartureOwner;
  #waiting: Departure[] = [];
  #retry: NodeJS.Timeout | null = null;

  /** @param channel one end of the pair, which this closes. */
  constructor(channel: Channel, owner: DepartureOwner) {
    this.#channel = channel;
    this.#owner = owner;
    channel.owner = this;
    // From the first asking on, it is told when there is something.
    this.#receive();
  }

  /** Sends a connection, with all others of this turn. */
  send(departure: Departure): void {
    if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
    this.#waiting.push(departure);
  }

  withdraw(id: number): boolean {
    const index = this.#waiting.findIndex((departure) => departure.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  #flush(): void {
    this.#refuseClosed();
    while (this.#waiting.length > 0) {
      const packet = this.#waiting.slice(0, MAX_PACKET);
      if (!this.#trySend(packet)) return;
      this.#waiting.splice(0, packet.length);
    }
  }

  /** What somebody has closed meanwhile cannot leave, and is not to hold up the others. */
  #refuseClosed(): void {
    const closed = this.#waiting.filter(({ socket }) => socket.closed);
    if (closed.length === 0) return;
    this.#waiting = this.#waiting.filter(({ socket }) => !socket.closed);
    for (const { refuse } of closed) refuse(closedError("hand a connection to a child process", "sendmsg"));
  }

  /** @returns whether there is nothing more to do for the packet */
  #trySend(packet: readonly Departure[]): boolean {
    const numbers = packNumbers(packet.map(({ id }) => id));
    const descriptors = packet.map(({ socket }) => socket.fileno());
    try {
      if (this.#channel.trySendDescriptors(numbers, descriptors) === null) return false;
    } catch (error) {
      return this.#failed(packet, error);
    }
    for (const { id } of packet) this.#owner.onSent(id);
    return true;
  }

  #failed(packet: readonly Departure[], error: unknown): boolean {
    if (isEnded(error)) return false;
    if (SHORT.has(codeOf(error))) {
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.#flush();
      }, RETRY);
      return false;
    }
    for (const { refuse } of packet) refuse(error);
    return true;
  }

  onWritable(): void {
    this.#flush();
  }

  onReadable(): void {
    this.#receive();
  }

  #receive(): void {
    try {
      for (;;) {
        const packet = this.#channel.tryReceive(MAX_ON_WAY * NUMBER_BYTES, false);
        if (packet === null || packet.length === 0) return;
        this.#owner.onConfirmed(unpackNumbers(packet));
      }
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  onDrop(): void {}
  onReceived(): void {}
  onDeparted(): void {}

  close(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    // What the child has confirmed last may still lie there: behind the error that it has ended, which the system tells first,
    // and unannounced as yet, which a change on this side makes up for.
    try {
      this.#channel.shutdown(SHUT_WR);
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
    this.#receive();
    this.#receive();
    this.#channel.close();
  }
}
