/**
 * {@link HandoffChannel}: how connections get from the server to a child process.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import type { Address } from "../../core/address/address.js";
import { SHUT_WR } from "../../core/constants.js";
import { closedError, codeOf, unsupported } from "../../core/errors.js";
import type { Socket } from "../../core/socket/socket.js";
import type { Channel, ChannelOwner } from "../../core/transport/transport.js";
import type { ToChild } from "../wire/messages.js";
import { describeConnection } from "../wire/node-connections.js";
import { isEnded, MAX_NUMBERS_PER_PACKET, NUMBER_BYTES, packNumbers, unpackNumbers } from "../wire/packets.js";
import { MAX_IN_FLIGHT_REQUESTS } from "./worker.js";

/** A connection that is to leave. */
export interface Handoff {
  readonly id: number;
  readonly socket: Socket;
  readonly clientAddress: Address;
  /** Called when it cannot leave. */
  refuse(error: unknown): void;
}

/**
 * Sends copies of connections: the server keeps its own until the child has confirmed that it has them. So there is no moment in
 * which nobody would close a connection.
 */
export interface HandoffChannel {
  /** Sends a connection. */
  send(departure: Handoff): void;
  /** Takes back a connection that has not left yet. @returns whether it had not */
  abort(id: number): boolean;
  /** Ends it, when the child has ended. */
  close(): void;
}

/**
 * Has Node copy connections, by `child.send(message, socket)`.
 *
 * With `keepOpen`: left to itself, Node would close its own copy when the child has it, but forget to where the child ends before.
 */
export class NodeHandoff implements HandoffChannel {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  send({ id, socket, clientAddress, refuse }: Handoff): void {
    try {
      const transferable = socket.prepareTransfer();
      if (transferable === null) {
        throw unsupported("Node cannot move this connection", "Accept it on the server's own transport.", "dup");
      }
      const connection = describeConnection(id, socket, clientAddress, transferable.unread);
      const message: ToChild = { type: "connection", connection };
      this.#child.send(message, transferable.socket, { keepOpen: true }, ignore);
    } catch (error) {
      refuse(error);
      return;
    }
    // Node tells nobody when the child had no room for it. This comes after it, or instead.
    const sent: ToChild = { type: "connection-sent", id };
    this.#child.send(sent, ignore);
  }

  /** Node cannot take anything back. */
  abort(): boolean {
    return false;
  }

  close(): void {}
}

/** A failure is no error of this process: the child has ended, which is told elsewhere. */
function ignore(): void {}

/** The system is short of something just now (as of descriptors that may be on their way), and tells nobody when that has passed. */
const OUT_OF_RESOURCES: ReadonlySet<string> = new Set(["ETOOMANYREFS", "ENOBUFS", "ENOMEM"]);
/** When to try again then, in milliseconds. */
const RETRY = 10;

/** Who is told what becomes of the connections. */
export interface DepartureOwner {
  /** One has left. */
  onSent(id: number): void;
  /** The child has them. */
  onAcknowledged(ids: readonly number[]): void;
}

/** Sends connections as descriptors. */
export class FdHandoff implements HandoffChannel, ChannelOwner {
  readonly #channel: Channel;
  readonly #owner: DepartureOwner;
  #waiting: Handoff[] = [];
  #retry: NodeJS.Timeout | null = null;

  /** @param channel one end of the pair, which this closes. */
  constructor(channel: Channel, owner: DepartureOwner) {
    this.#channel = channel;
    this.#owner = owner;
    channel.owner = this;
    this.#receive();
  }

  /** Sends a connection, with all others of this turn. */
  send(departure: Handoff): void {
    if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
    this.#waiting.push(departure);
  }

  abort(id: number): boolean {
    const index = this.#waiting.findIndex((departure) => departure.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  #flush(): void {
    this.#refuseClosed();
    while (this.#waiting.length > 0) {
      const packet = this.#waiting.slice(0, MAX_NUMBERS_PER_PACKET);
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
  #trySend(packet: readonly Handoff[]): boolean {
    const numbers = packNumbers(packet.map(({ id }) => id));
    const descriptors = packet.map(({ socket }) => socket.fileno());
    try {
      if (this.#channel.trySendDescriptors(numbers, descriptors) === null) {
        this.#channel.watch("write");
        return false;
      }
    } catch (error) {
      return this.#failed(packet, error);
    }
    for (const { id } of packet) this.#owner.onSent(id);
    return true;
  }

  #failed(packet: readonly Handoff[], error: unknown): boolean {
    if (isEnded(error)) return false;
    if (OUT_OF_RESOURCES.has(codeOf(error))) {
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

  onReceiveError(): void {}

  #receive(): void {
    try {
      for (;;) {
        const packet = this.#channel.tryReceive(MAX_IN_FLIGHT_REQUESTS * NUMBER_BYTES, false);
        if (packet === null) this.#channel.watch("read");
        if (packet === null || packet.length === 0) return;
        this.#owner.onAcknowledged(unpackNumbers(packet));
      }
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  onDrop(): void {}

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
