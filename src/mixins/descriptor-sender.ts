/**
 * {@link DescriptorSender}: the server's end of the pair of sockets by which connections get to a child process.
 *
 * @module
 */

import { closedError, codeOf } from "../core/errors.js";
import type { Socket } from "../core/socket.js";
import type { Channel, ChannelOwner } from "../core/transport/transport.js";
import { isEnded, MAX_PACKET, NUMBER_BYTES, packNumbers, SERVER_SOCKET, unpackNumbers } from "./descriptor-packets.js";

/**
 * Descriptors that may be on their way to one child. It bounds what waits for a child that is busy, whose further requests
 * another one can have; and it keeps clear of the system's own bound, of all that are on their way for one user.
 */
const WINDOW = 128;
/** The system is short of something just now, and tells nobody when that has passed. */
const SHORT: ReadonlySet<string> = new Set(["ETOOMANYREFS", "ENOBUFS", "ENOMEM"]);
/** When to try again then, in milliseconds. */
const RETRY = 10;

/** A connection that is to leave. */
interface Outgoing {
  readonly id: number;
  readonly socket: Socket;
  /** Called when it has left, or with why it cannot. */
  done(error: unknown): void;
}

/**
 * Sends connections, and keeps the server's own descriptors of them until they have arrived: so there is no moment in which
 * nobody would close a connection.
 */
export class DescriptorSender implements ChannelOwner {
  readonly #channel: Channel;
  readonly #onRoom: () => void;
  readonly #onWay = new Map<number, Socket>();
  #waiting: Outgoing[] = [];
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  /**
   * @param channel one end of the pair, which this closes.
   * @param onRoom called when there may be room for more connections.
   */
  constructor(channel: Channel, onRoom: () => void) {
    this.#channel = channel;
    this.#onRoom = onRoom;
    channel.owner = this;
    // From the first asking on, it is told when there is something.
    this.#receive();
  }

  /** Whether there is room for another connection. */
  get hasRoom(): boolean {
    return this.#onWay.size + this.#waiting.length < WINDOW;
  }

  /**
   * Sends a connection, with all others of this turn. When it has arrived it is closed here, without being ended.
   *
   * @param done called when it has left, with `null`; or with why it cannot.
   */
  send(id: number, socket: Socket, done: (error: unknown) => void): void {
    if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
    this.#waiting.push({ id, socket, done });
  }

  /** Takes back a connection that has not left yet. @returns whether it had not */
  withdraw(id: number): boolean {
    const index = this.#waiting.findIndex((outgoing) => outgoing.id === id);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  /** The child has a connection. */
  confirm(id: number): void {
    const socket = this.#onWay.get(id);
    this.#onWay.delete(id);
    if (id !== SERVER_SOCKET) void socket?.close();
  }

  #flush(): void {
    this.#refuseClosed();
    while (this.#waiting.length > 0 && !this.#closed) {
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
    for (const { done } of closed) done(closedError("hand a connection to a child process", "sendmsg"));
  }

  /** @returns whether there is nothing more to do for the packet */
  #trySend(packet: readonly Outgoing[]): boolean {
    const numbers = packNumbers(packet.map(({ id }) => id));
    const descriptors = packet.map(({ socket }) => socket.fileno());
    try {
      if (this.#channel.trySendDescriptors(numbers, descriptors) === null) return false;
    } catch (error) {
      return this.#failed(packet, error);
    }
    for (const { id, socket } of packet) this.#onWay.set(id, socket);
    for (const { done } of packet) done(null);
    return true;
  }

  #failed(packet: readonly Outgoing[], error: unknown): boolean {
    // What has not left is still the server's.
    if (isEnded(error)) return false;
    if (SHORT.has(codeOf(error))) {
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.#flush();
      }, RETRY);
      return false;
    }
    for (const { done } of packet) done(error);
    return true;
  }

  onWritable(): void {
    this.#flush();
  }

  onReadable(): void {
    this.#receive();
    this.#onRoom();
  }

  #receive(): void {
    try {
      for (;;) {
        const packet = this.#channel.tryReceive(WINDOW * NUMBER_BYTES, false);
        if (packet === null || packet.length === 0) return;
        for (const id of unpackNumbers(packet)) this.confirm(id);
      }
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  onDrop(): void {}

  /** Ends it. The connections that have not arrived stay with whom they belong to. */
  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#channel.close();
    this.#waiting = [];
    this.#onWay.clear();
  }
}
