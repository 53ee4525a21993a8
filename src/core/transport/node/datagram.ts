/**
 * A UDP socket on `node:dgram`.
 *
 * Node receives datagrams as they come, wanted or not. They are queued here up to a bound, and thrown away beyond it, as the kernel
 * does with a full receive buffer.
 *
 * @module
 */

import { createSocket, type Socket as NodeDatagramSocket, type RemoteInfo } from "node:dgram";
import { type Address, anyAddress, type InetAddress, isInetAddress } from "../../address/address.js";
import { type AddressFamily, AF_INET6, SHUT_RD, SHUT_WR } from "../../constants.js";
import { unsupported } from "../../errors.js";
import { systemError } from "../system-error.js";
import type { Channel, ChannelCounters, ChannelOwner, ReceivedDatagram } from "../transport.js";
import { addressOf, asNamed, hostOf } from "./addresses.js";
import { NodeChannel } from "./channel.js";
import { NodeDatagramOptions } from "./datagram-options.js";
import { descriptorOf } from "./internals.js";

/** What may wait to be received: five times the usual receive buffer of Linux, since Node empties that one ahead. */
const QUEUE_BYTES = 1_048_576;
/** What a queued datagram counts beyond its bytes, so that a flood of empty ones is bounded too. */
const DATAGRAM_OVERHEAD = 256;
/** How many datagrams may be on their way to the kernel at once. */
const MAX_IN_FLIGHT = 4096;
/** A datagram to one of the last senders, up to this size, is an answer. */
const SENDERS = 32;
const MAX_ANSWER = 8192;
/** Seconds for which a closed socket may go on sending what it had taken. */
const LINGER_SECONDS = 30;

/** A socket for single messages. */
export class NodeDatagram extends NodeChannel {
  readonly #family: AddressFamily;
  readonly #options: NodeDatagramOptions;
  /** `null` before it is bound, and after it is closed. */
  #socket: NodeDatagramSocket | null = null;
  #peer: InetAddress | null = null;
  #closed = false;
  #error: Error | null = null;

  readonly #queue: ReceivedDatagram[] = [];
  #queuedBytes = 0;
  #bytesRead = 0;
  #readEnded = false;
  /** A notification of the owner is scheduled. */
  #isNotifying = false;
  /** The last senders: a datagram to one of them is an answer, and taken at once. */
  readonly #senders: Address[] = [];
  #received = 0;

  #inFlight = 0;
  #bytesWritten = 0;
  #sendEnded = false;
  /** Of those in flight, the answers that were taken at once. */
  #answers = 0;
  /** Lets the sender of the last of them go on, where that waits for room. */
  #resumeAnswering: (() => void) | null = null;
  /** The owner that has sent the last answer: hears of its failure also after closing. */
  #answerer: ChannelOwner | null = null;
  /** Closes the socket when nothing is in flight any more. */
  #finishClosing: (() => void) | null = null;

  constructor(family: AddressFamily) {
    super();
    this.#family = family;
    this.#options = new NodeDatagramOptions(family);
  }

  override bind(address: Address): void {
    if (this.#socket !== null) throw systemError("EINVAL");
    this.#open(address);
  }

  /** The bound socket; as the kernel does it, one that was never bound gets a free port with its first datagram. */
  #ready(): NodeDatagramSocket {
    if (this.#closed) throw systemError("EBADF");
    return this.#socket ?? this.#open(anyAddress(this.#family));
  }

  #open(address: Address): NodeDatagramSocket {
    if (!isInetAddress(address)) throw systemError("EAFNOSUPPORT");
    const host = hostOf(address);
    const socket = createSocket({
      ...this.#options.forCreation(),
      // Addresses are numeric when they come here. Node's own look-up would cost each datagram a turn of the loop; with one that
      // answers at once, Node binds and sends at once.
      lookup: (name, _options, done) => done(null, name, this.#family === AF_INET6 ? 6 : 4),
    });
    let isBound = false;
    socket.once("listening", () => {
      isBound = true;
    });
    socket.on("message", this.#onMessage).on("error", this.#onError);
    try {
      socket.bind({ address: host, port: address[1], exclusive: true });
      if (!isBound) throw this.#error ?? systemError("EAGAIN");
      // Some were set before there was a socket, and may be refused now.
      this.#options.applyTo(socket);
    } catch (error) {
      this.#error = null;
      socket.close();
      throw error;
    }
    this.#socket = socket;
    return socket;
  }

  override connect(address: Address, _mayWait: boolean): Promise<Channel> {
    if (!isInetAddress(address)) throw systemError("EAFNOSUPPORT");
    const socket = this.#ready();
    if (this.#peer !== null) socket.disconnect();
    this.#peer = null;
    const host = hostOf(address);
    return new Promise((resolve, reject) => {
      socket.connect(address[1], host, (error?: Error | null) => {
        if (!error) return resolve(this);
        this.#peer = null;
        reject(error);
      });
      // For Node it is connected from now on.
      this.#peer = asNamed(address);
    });
  }

  // ── receiving ─────────────────────────────────────────────────────────────────────────────────────────────────────

  readonly #onMessage = (data: Buffer, sender: RemoteInfo): void => {
    const address = addressOf(sender.address, sender.port) ?? anyAddress(this.#family);
    const size = data.length + DATAGRAM_OVERHEAD;
    if (this.#readEnded) return;
    if (this.#queuedBytes + size > QUEUE_BYTES) {
      this.owner?.onDrop(address, null);
      return;
    }
    this.#queue.push({ data, address, truncated: false });
    this.#queuedBytes += size;
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    setImmediate(this.#notify);
  };

  /** Node receives all datagrams that are there one after the other: one notification for all of them, in the same turn. */
  readonly #notify = (): void => {
    this.#isNotifying = false;
    this.serveReader();
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
    this.serveReader();
  };

  override tryReceiveFrom(size: number, peek: boolean): ReceivedDatagram | null {
    const error = this.#error;
    if (error !== null) {
      this.#error = null;
      throw error;
    }
    const datagram = peek ? this.#queue[0] : this.#queue.shift();
    if (datagram === undefined) {
      return this.#readEnded ? { data: Buffer.alloc(0), address: this.#peer ?? "", truncated: false } : null;
    }
    const { data, address } = datagram;
    if (!peek) {
      this.#queuedBytes -= data.length + DATAGRAM_OVERHEAD;
      this.#bytesRead += data.length;
      this.#senders[this.#received % SENDERS] = address;
      this.#received += 1;
    }
    return data.length <= size ? datagram : { data: data.subarray(0, size), address, truncated: true };
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    if (this.#readEnded) return Buffer.alloc(0);
    return this.tryReceiveFrom(size, peek)?.data ?? null;
  }

  override get readable(): boolean {
    return this.#queue.length > 0 || this.#error !== null || this.#readEnded;
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * An answer to one of the last datagrams waits for room only, and its failure is reported as a drop, as on the native transport.
   * Everything else waits for its outcome, and its failure is the caller's.
   */
  override trySendTo(data: Uint8Array, address: Address | null): number | Promise<number> {
    if (this.#sendEnded) throw systemError("EPIPE");
    const target = this.#targetOf(address);
    if (this.#inFlight >= MAX_IN_FLIGHT) throw systemError("ENOBUFS");
    const socket = this.#ready();
    const isAnswer = target !== null && data.length <= MAX_ANSWER && this.#senders.includes(target);
    if (!isAnswer || this.#resumeAnswering !== null) return this.#send(socket, data, target);
    socket.send(data, target[1], hostOf(target), this.#onAnswered);
    this.#answerer = this.owner;
    this.#inFlight += 1;
    this.#answers += 1;
    this.#bytesWritten += data.length;
    // Nearly always the system has it by now.
    return socket.getSendQueueCount() === 0 ? data.length : this.#untilAnswered(data.length);
  }

  /** Where a datagram goes to; `null` for the connected peer. The system would take what Node refuses. */
  #targetOf(address: Address | null): InetAddress | null {
    const peer = this.#peer;
    if (address === null) {
      if (peer === null) throw systemError("EDESTADDRREQ");
      return null;
    }
    if (!isInetAddress(address)) throw systemError("EAFNOSUPPORT");
    // What the system says of UDP to the port 0; Node throws something else before it asks.
    if (address[1] === 0) throw systemError("EINVAL");
    if (peer === null) return address;
    const [host, port, , scopeId = 0] = asNamed(address);
    if (peer[0] === host && peer[1] === port && (peer[3] ?? 0) === scopeId) return null;
    throw unsupported(
      "Node sends no datagrams of a connected socket to others",
      "The native transport leaves that to the system.",
      "sendto",
    );
  }

  /** The last answer waits for room, in the sender's memory. Until it has left, others are waited for one by one. */
  #untilAnswered(length: number): Promise<number> {
    return new Promise((resolve) => {
      this.#resumeAnswering = () => resolve(length);
    });
  }

  readonly #onAnswered = (error: Error | null): void => {
    this.#leaveFlight();
    this.#answers -= 1;
    if (this.#answers === 0) {
      this.#resumeAnswering?.();
      this.#resumeAnswering = null;
    }
    // Node's error names the receiver.
    if (error !== null && "address" in error && "port" in error) {
      const target = addressOf(String(error.address), Number(error.port)) ?? anyAddress(this.#family);
      this.#answerer?.onDrop(target, error);
    }
  };

  #send(socket: NodeDatagramSocket, data: Uint8Array, target: InetAddress | null): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => {
        this.#leaveFlight();
        if (error === null) {
          this.#bytesWritten += data.length;
          resolve(data.length);
        } else {
          reject(error);
        }
      };
      if (target === null) socket.send(data, done);
      else socket.send(data, target[1], hostOf(target), done);
      // Not before: when Node itself refuses to send, it throws and does not call back.
      this.#inFlight += 1;
    });
  }

  #leaveFlight(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#finishClosing?.();
  }

  override get writable(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT;
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  override shutdown(how: number): void {
    if (this.#peer === null) throw systemError("ENOTCONN");
    if (how !== SHUT_WR) this.#readEnded = true;
    if (how !== SHUT_RD) this.#sendEnded = true;
    this.serveReader();
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.owner = null;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    if (socket.getSendQueueCount() === 0) socket.close();
    else this.#closeWhenSent(socket);
  }

  /** What the system had no room for is still Node's, which would throw it away. */
  #closeWhenSent(socket: NodeDatagramSocket): void {
    socket.off("message", this.#onMessage).unref();
    const finish = (): void => {
      this.#finishClosing = null;
      clearTimeout(timer);
      socket.close();
    };
    const timer = setTimeout(finish, LINGER_SECONDS * 1000).unref();
    this.#finishClosing = finish;
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  override getsockname(): Address {
    if (this.#socket === null) return anyAddress(this.#family);
    const { address, port } = this.#socket.address();
    return addressOf(address, port) ?? anyAddress(this.#family);
  }

  override getpeername(): Address {
    if (this.#peer === null) throw systemError("ENOTCONN");
    return this.#peer;
  }

  override fileno(): number {
    return this.#socket === null ? -1 : descriptorOf(this.#socket);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options.set(level, option, value, this.#socket);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, this.#socket);
  }

  override get counters(): ChannelCounters {
    const unreadBytes = this.#queuedBytes - this.#queue.length * DATAGRAM_OVERHEAD;
    return { bytesRead: this.#bytesRead, bytesWritten: this.#bytesWritten, unreadBytes };
  }
}
