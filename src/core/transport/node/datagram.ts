/**
 * A UDP socket on `node:dgram`.
 *
 * Node reads datagrams as they come and cannot be told to wait. They are queued here up to a bound, and thrown away beyond
 * it, as the kernel does with a full receive buffer.
 *
 * @module
 */

import { createSocket, type Socket as NodeDatagramSocket, type RemoteInfo } from "node:dgram";
import { type Address, isInetAddress } from "../../address/address.js";
import { type AddressFamily, AF_INET6, SHUT_RD, SHUT_WR } from "../../constants.js";
import { systemError } from "../system-error.js";
import type { Channel, ChannelCounters, ChannelOwner, ReceivedDatagram } from "../transport.js";
import { descriptorOf, NodeChannel } from "./channel.js";
import { NodeDatagramOptions } from "./datagram-options.js";

/** What may wait to be received: five times the usual receive buffer of Linux, since Node empties that one for us. */
const QUEUE_BYTES = 1_048_576;
/** What a queued datagram counts beyond its bytes, so that a flood of empty ones is bounded too. */
const DATAGRAM_OVERHEAD = 256;
/** How many datagrams may be on their way to the kernel at once. */
const SENDS_IN_FLIGHT = 4096;
/** To so many of the last senders an answer is known as one, if it is no longer than this. */
const SENDERS = 32;
const MAX_ANSWER = 8192;
/** How long, in seconds, a closed socket may go on sending what it had taken. */
const LINGER_SECONDS = 30;

/** A socket for single messages. */
export class NodeDatagram extends NodeChannel {
  readonly #family: AddressFamily;
  readonly #options: NodeDatagramOptions;
  readonly #queue: ReceivedDatagram[] = [];
  /** Who has sent the last datagrams: an answer to one of them is taken at once. */
  readonly #senders: Address[] = [];
  #received = 0;
  /** Who waits is about to be told of what has come. */
  #telling = false;
  /** Who has sent the last answer: told of what became of it also after closing. */
  #answerer: ChannelOwner | null = null;
  #socket: NodeDatagramSocket | null = null;
  #queuedBytes = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #inFlight = 0;
  #peer: Address | null = null;
  #binding: Promise<NodeDatagramSocket> | null = null;
  #readEnded = false;
  #sendEnded = false;
  #closed = false;
  /** Of those in flight, the answers that were taken at once. */
  #answers = 0;
  /** Lets the sender of the last of them go on, where that waits for room. */
  #resume: (() => void) | null = null;
  /** Closes the socket when nothing is in flight any more. */
  #closing: { end(): void } | null = null;
  #error: Error | null = null;

  constructor(family: AddressFamily) {
    super();
    this.#family = family;
    this.#options = new NodeDatagramOptions(family);
  }

  override async bind(address: Address): Promise<void> {
    if (this.#binding !== null) throw systemError("EINVAL");
    await this.#begin(address);
  }

  /** The bound socket; as the kernel does it, one that was never bound gets a free port with its first datagram. */
  #ready(): Promise<NodeDatagramSocket> {
    return this.#binding ?? this.#begin([this.#family === AF_INET6 ? "::" : "0.0.0.0", 0]);
  }

  /** Binds, and forgets about it if that fails: the next call may try again. */
  #begin(address: Address): Promise<NodeDatagramSocket> {
    const binding = this.#open(address).catch((error: unknown) => {
      this.#binding = null;
      throw error;
    });
    this.#binding = binding;
    return binding;
  }

  #open(address: Address): Promise<NodeDatagramSocket> {
    if (!isInetAddress(address)) return Promise.reject(systemError("EAFNOSUPPORT"));
    const [host, port] = address;
    const socket = createSocket({
      ...this.#options.forCreation(),
      // Addresses are numeric when they come here; Node's own look-up would cost each datagram a turn of the loop.
      lookup: (name, _options, done) => done(null, name, this.#family === AF_INET6 ? 6 : 4),
    });
    return new Promise((resolve, reject) => {
      const onFailure = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once("error", onFailure);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off("error", onFailure);
        if (this.#closed) {
          socket.close();
          reject(systemError("EBADF"));
          return;
        }
        try {
          this.#options.applyTo(socket);
        } catch (error) {
          // A value that the system refuses was set before there was a socket to tell.
          socket.close();
          reject(error);
          return;
        }
        this.#socket = socket;
        socket.on("message", this.#onMessage);
        socket.on("error", this.#onError);
        resolve(socket);
      });
    });
  }

  readonly #onMessage = (data: Buffer, peer: RemoteInfo): void => {
    const address: Address = [peer.address, peer.port];
    const size = data.length + DATAGRAM_OVERHEAD;
    if (this.#readEnded) return;
    if (this.#queuedBytes + size > QUEUE_BYTES) {
      this.owner?.onDrop(address, null);
      return;
    }
    this.#queue.push({ data, address, truncated: false });
    this.#queuedBytes += size;
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(this.#tell);
  };

  /** Node takes all datagrams that are there one after the other: who waits is woken once for all of them, in the same turn. */
  readonly #tell = (): void => {
    this.#telling = false;
    this.owner?.onReadable();
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
    this.owner?.onReadable();
  };

  override async connect(address: Address): Promise<Channel> {
    if (!isInetAddress(address)) throw systemError("EAFNOSUPPORT");
    const socket = await this.#ready();
    if (this.#peer !== null) socket.disconnect();
    const [host, port] = address;
    await new Promise<void>((resolve, reject) => {
      socket.connect(port, host, (error?: Error | null) => (error ? reject(error) : resolve()));
    });
    this.#peer = address;
    return this;
  }

  override tryReceiveFrom(size: number, peek: boolean): ReceivedDatagram | null {
    const error = this.#error;
    if (error !== null) {
      this.#error = null;
      throw error;
    }
    const datagram = peek ? this.#queue[0] : this.#queue.shift();
    if (datagram === undefined) return null;
    if (!peek) {
      this.#queuedBytes -= datagram.data.length + DATAGRAM_OVERHEAD;
      this.#bytesRead += datagram.data.length;
      this.#senders[this.#received % SENDERS] = datagram.address;
      this.#received += 1;
    }
    if (datagram.data.length <= size) return datagram;
    return { data: datagram.data.subarray(0, size), address: datagram.address, truncated: true };
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    if (this.#readEnded) return Buffer.alloc(0);
    return this.tryReceiveFrom(size, peek)?.data ?? null;
  }

  /**
   * Of an answer to one of the last datagrams only room is waited for, and its failure is told as a drop, as on the native
   * transport. Everything else is waited for, and its failure is the caller's.
   */
  override trySendTo(data: Uint8Array, address: Address | null): number | Promise<number> {
    if (this.#sendEnded) throw systemError("EPIPE");
    if (address === null && this.#peer === null) throw systemError("EDESTADDRREQ");
    if (address !== null && this.#peer !== null) throw systemError("EISCONN");
    // A datagram with the source port 0 is legal, an answer to it is not; Node would throw before it asks the system.
    if (address !== null && address[1] === 0) throw systemError("EINVAL");
    if (this.#inFlight >= SENDS_IN_FLIGHT) throw systemError("ENOBUFS");
    const socket = this.#socket;
    if (socket === null) return this.#ready().then((opened) => this.#send(opened, data, address));
    const isAnswer = address !== null && this.#senders.includes(address) && data.length <= MAX_ANSWER;
    if (isAnswer && isInetAddress(address) && this.#resume === null) {
      socket.send(data, address[1], address[0], this.#onAnswered);
      this.#answerer = this.owner;
      this.#inFlight += 1;
      this.#answers += 1;
      this.#bytesWritten += data.length;
      // Nearly always the system has it by now.
      return socket.getSendQueueCount() === 0 ? data.length : this.#untilAnswered(data.length);
    }
    return this.#send(socket, data, address);
  }

  /** The last answer waits for room, in the sender's memory. Until it has left, others are waited for each by itself. */
  #untilAnswered(length: number): Promise<number> {
    return new Promise((resolve) => {
      this.#resume = () => resolve(length);
    });
  }

  readonly #onAnswered = (error: Error | null): void => {
    this.#leaveFlight();
    this.#answers -= 1;
    if (this.#answers === 0) {
      this.#resume?.();
      this.#resume = null;
    }
    // Node tells whom it was for.
    if (error !== null && "address" in error && "port" in error) {
      this.#answerer?.onDrop([String(error.address), Number(error.port)], error);
    }
  };

  #send(socket: NodeDatagramSocket, data: Uint8Array, address: Address | null): Promise<number> {
    this.#inFlight += 1;
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => {
        this.#leaveFlight();
        if (error) {
          reject(error);
        } else {
          this.#bytesWritten += data.length;
          resolve(data.length);
        }
      };
      try {
        if (address === null || !isInetAddress(address)) socket.send(data, done);
        else socket.send(data, address[1], address[0], done);
      } catch (error) {
        // Node throws what it finds out by itself, and calls nobody back then.
        this.#inFlight -= 1;
        reject(this.#closed ? systemError("EBADF") : error);
      }
    });
  }

  #leaveFlight(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#closing?.end();
  }

  override get writable(): boolean {
    return this.#inFlight < SENDS_IN_FLIGHT;
  }

  override get readable(): boolean {
    return this.#queue.length > 0 || this.#error !== null || this.#readEnded;
  }

  override shutdown(how: number): void {
    if (this.#peer === null) throw systemError("ENOTCONN");
    if (how !== SHUT_WR) this.#readEnded = true;
    if (how !== SHUT_RD) this.#sendEnded = true;
    this.owner?.onReadable();
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.owner = null;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    // What the system had no room for is still Node's: it would be thrown away.
    const socket = this.#socket;
    if (socket !== null && socket.getSendQueueCount() > 0)
      this.#closing = endLater(socket.off("message", this.#onMessage));
    else socket?.close();
    this.#socket = null;
  }

  override getsockname(): Address {
    if (this.#socket === null) return [this.#family === AF_INET6 ? "::" : "0.0.0.0", 0];
    const { address, port } = this.#socket.address();
    return [address, port];
  }

  override getpeername(): Address {
    if (this.#peer === null) throw systemError("ENOTCONN");
    return this.#peer;
  }

  override fileno(): number {
    return this.#socket === null ? -1 : datagramDescriptor(this.#socket);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options.set(level, option, value, this.#socket);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, this.#socket);
  }

  override get counters(): ChannelCounters {
    return {
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      unreadBytes: this.#queuedBytes - this.#queue.length * DATAGRAM_OVERHEAD,
    };
  }
}

/** Closes a socket when that is said, and after {@link LINGER_SECONDS} at the latest. */
function endLater(socket: NodeDatagramSocket): { end(): void } {
  socket.unref();
  const timer = setTimeout(() => end(), LINGER_SECONDS * 1000);
  timer.unref();
  let ended = false;
  const end = (): void => {
    clearTimeout(timer);
    if (!ended) socket.close();
    ended = true;
  };
  return { end };
}

/** As for streams, but `node:dgram` keeps its handle one level deeper, behind a symbol. */
function datagramDescriptor(socket: NodeDatagramSocket): number {
  const state = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === "state symbol");
  const inner: unknown = state === undefined ? null : Reflect.get(socket, state);
  if (typeof inner !== "object" || inner === null || !("handle" in inner)) return -1;
  return descriptorOf({ _handle: inner.handle });
}
