/**
 * The one seam between sockets and the ways bytes can move: {@link Transport} and {@link Channel}.
 *
 * A channel is a non-blocking socket. Its `try…` calls either do their work now or answer `null` ("would block"), and watch
 * nothing: who wants to try again says {@link Channel.watch}, and its {@link ChannelOwner} is told when that is worth it.
 * Everything that waits (promises, time-outs, queues of callers) is built once above this seam, in `Socket`, and is the same for
 * every transport; a `BlockingSocket` waits in a call of the system instead.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../address/address.js";
import type { AddressFamily, SocketKind } from "../constants.js";
import type { ByteReceiver } from "../stream/byte-stream.js";

/** The names of the transports. */
export type TransportName = "node" | "native";

/** What a transport can do beyond TCP, UDP and Unix streams. */
export interface TransportFeatures {
  /** `AF_UNIX` with `SOCK_DGRAM`. */
  readonly unixDatagrams: boolean;
  /** `SOCK_RAW` and `SOCK_SEQPACKET`. */
  readonly rawSockets: boolean;
  /** Sockets whose calls block their thread. */
  readonly blockingSockets: boolean;
  /** Clients that are not yet accepted wait in the kernel, not in this process. */
  readonly acceptOnDemand: boolean;
  /** Every socket option of the system, not only those that Node knows. */
  readonly allSocketOptions: boolean;
  /** `detach()`, `dup()` and handing a descriptor to another thread or process. */
  readonly descriptors: boolean;
}

/** A way for bytes to move. */
export interface Transport {
  readonly name: TransportName;
  readonly features: TransportFeatures;
  /**
   * Makes a socket that is neither bound nor connected.
   *
   * @throws UnsupportedOperation for a family or kind that this transport lacks.
   */
  open(family: AddressFamily, kind: SocketKind, protocol: number): Channel;
  /** Makes two sockets that are connected to each other, or answers `null` where the system has no call for that. */
  openPair(family: AddressFamily, kind: SocketKind, protocol: number): [Channel, Channel] | null;
  /**
   * Takes over a descriptor that came from elsewhere; from then on it belongs to the channel.
   *
   * @throws UnsupportedOperation where there are no descriptors to take over; `EBADF`, `ENOTSOCK` for one that is no socket.
   */
  adopt(descriptor: number): AdoptedSocket;
  /** The number by which other threads hand sockets over to this one ({@link Channel.release}); 0 where that is impossible. */
  readonly thread: number;
  /**
   * Takes a descriptor that another thread has handed over to this one, or that has come by
   * {@link Channel.tryReceiveDescriptors}.
   *
   * @param known what it is, where that is known. Else the system is asked, which does not name a peer that is gone.
   * @throws `EBADF` when none has
   */
  claim(descriptor: number, known?: KnownSocket): AdoptedSocket;
}

/** A descriptor of which it is known what it is. */
export interface KnownSocket {
  readonly family: AddressFamily;
  readonly kind: SocketKind;
  /** Whom a connection is with. */
  readonly peer: Address | null;
}

/** What a descriptor turned out to be. */
export interface AdoptedSocket<Own extends Channel = Channel> {
  readonly channel: Own;
  readonly family: AddressFamily;
  readonly kind: SocketKind;
  readonly protocol: number;
  readonly connected: boolean;
}

/**
 * Receives the events of a channel: the `Socket` above it.
 *
 * It is never called from within a `try…` call, `flushed()` or `readable`, so that it need not reckon with calling itself.
 */
export interface ChannelOwner {
  /** A `tryAccept`, `tryReceive` or `tryReceiveFrom` that would have blocked may now succeed, or fail. */
  onReadable(): void;
  /** What {@link Channel.receiver} waits for has failed, with the system's error. The channel has forgotten the receiver. */
  onReceiveError(receiver: ByteReceiver, error: unknown): void;
  /**
   * A `trySend` or `trySendTo` that would have blocked may now succeed, or fail; or {@link Channel.flushed} has become true.
   */
  onWritable(): void;
  /**
   * A connection or datagram was thrown away: because the channel's bound was reached (the error is `null`), as the kernel
   * does it; or because a datagram that was taken already could not be sent.
   */
  onDrop(address: Address, error: Error | null): void;
}

/** A connection that was waiting to be accepted. */
export interface AcceptedConnection<Own extends Channel = Channel> {
  readonly channel: Own;
  /** The peer's address; `""` for a Unix stream. */
  readonly address: Address;
}

/** One datagram as it came. */
export interface ReceivedDatagram {
  readonly data: Buffer;
  readonly address: Address;
  /** Whether the datagram was longer than the size asked for; the rest of it is gone. */
  readonly truncated: boolean;
}

/** A message that descriptors came with. */
export interface DescriptorMessage {
  readonly data: Buffer;
  /** This thread's from now on, which makes sockets of them by {@link Transport.claim}. */
  readonly descriptors: readonly number[];
}

/** How many bytes a channel has moved, and how many it holds. */
export interface ChannelCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that have arrived and that nobody has asked for. */
  readonly unreadBytes: number;
}

/**
 * One non-blocking socket.
 *
 * Calls throw (or reject with) errors that carry the system's `code`; the owner puts the action into words. A call that
 * makes no sense in the channel's state fails as the system call would: `ENOTCONN`, `EINVAL`, `EOPNOTSUPP`.
 */
export interface Channel {
  owner: ChannelOwner | null;
  /**
   * Waits for the next bytes of the stream; set by the owner when {@link tryReceive} has found none, together with
   * `watch("read")`. The channel delivers to it once, and sets this to `null` before.
   */
  receiver: ByteReceiver | null;

  /** Gives the socket a local address. Host names are resolved already. */
  bind(address: Address): void | Promise<void>;
  /** Starts listening. @returns the channel that the socket becomes by it (it may be this one). */
  listen(backlog: number): Channel | Promise<Channel>;
  /**
   * Connects.
   *
   * @param mayWait whether to try again while the peer's backlog is full; without it that is `EAGAIN`.
   * @returns the channel that the socket becomes by it; a promise where that takes time. After a failed attempt this channel is
   *   still to be closed; {@link close} also ends an attempt that is under way.
   * @throws what the system says at once: `EALREADY` while an attempt is under way, `EISCONN`, `ENETUNREACH`.
   */
  connect(address: Address, mayWait: boolean): Channel | Promise<Channel>;

  /**
   * Tells the owner once more when reading or sending that found nothing may succeed, until it does. To be said after each such
   * call that is to be repeated.
   */
  watch(direction: "read" | "write"): void;
  tryAccept(): AcceptedConnection | null;
  /** At most `size` bytes; an empty buffer is the end of the stream. With `peek` they stay. */
  tryReceive(size: number, peek: boolean): Buffer | null;
  /** One datagram, cut to `size` bytes; after `SHUT_RD`, when all are taken, an empty one of the peer. */
  tryReceiveFrom(size: number, peek: boolean): ReceivedDatagram | null;
  /**
   * From now on datagrams may be taken from the system by the batch, before anybody asks for them, and answers to them may wait
   * for each other. For a server's socket: what is taken ahead goes with this object, not with the descriptor.
   */
  enableBatching(): void;
  /**
   * Receives into the caller's memory, as {@link tryReceive}.
   *
   * @param length the most bytes, 1 or more.
   * @returns how many bytes were written from `start` on; 0 at the end of the stream.
   */
  tryReceiveInto(memory: Uint8Array, start: number, length: number): number | null;
  /**
   * Takes as many bytes as it can, from `start` to before `end`, and says how many: often fewer than were given. The rest is for
   * the next call.
   *
   * @param more whether others follow at once, so that the system may let these wait for them.
   */
  trySend(data: Uint8Array, start: number, end: number, more: boolean): number | null;
  /**
   * Sends one datagram; without an address, to the connected peer.
   *
   * @returns its length; or a promise of it, where the outcome is told only later. The bytes must not change until then.
   */
  trySendTo(data: Uint8Array, address: Address | null): number | Promise<number> | null;
  /**
   * Whether the system has all that {@link trySend} took. The caller's memory must not change until then. Throws when it
   * never will.
   */
  flushed(): boolean;
  /**
   * Whether a receiving or accepting call would return (or fail) at once. The Node transport begins to read when it is asked:
   * the answer may be false only because it was not asked before.
   */
  readonly readable: boolean;
  /** Whether a sending call would take something (or fail) at once. */
  readonly writable: boolean;
  /** Whether urgent bytes (`MSG_OOB`) have arrived. */
  readonly exceptional: boolean;

  /** Ends one or both directions: `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`. Bytes already taken are still sent. */
  shutdown(how: number): void;
  /** Ends the sending of a connection, if there is anybody left to end it to: a peer that was quicker is no error. */
  endSending(): void;
  /** Gives the socket back. Bytes already taken are still sent, within a bounded time. Idempotent; nothing is told after it. */
  close(): void;
  /** Breaks the connection now: the peer gets a reset, and bytes not yet sent are gone. */
  abort(): void;

  getsockname(): Address;
  getpeername(): Address;
  /** The descriptor, or -1 while there is none. */
  fileno(): number;
  setsockopt(level: number, option: number, value: number | Uint8Array): void;
  getsockopt(level: number, option: number): number;
  /** The bytes of an option that is a C structure, at most so many. */
  getsockoptBytes(level: number, option: number, length: number): Buffer;
  /**
   * Gives the descriptor up without closing it: whoever gets the number owns it. The channel is over.
   *
   * @param thread the {@link Transport.thread} of the thread that owns it from now on, also if it never takes it.
   * @throws `ESRCH` when that thread has ended: then the descriptor is still the channel's.
   */
  release(thread?: number): number;
  /**
   * Sends one message, and copies of descriptors with it, over a Unix socket. The originals stay where they are.
   *
   * @param descriptors at most 253, each of a channel of this thread.
   * @throws `EBADF` when one of them is not; UnsupportedOperation where there are no descriptors to send.
   */
  trySendDescriptors(data: Uint8Array, descriptors: readonly number[]): number | null;
  /**
   * Receives a message of at most `size` bytes, and what was sent with it; one without bytes is the end. Descriptors for which
   * this process has no room are missing at the end of the list.
   */
  tryReceiveDescriptors(size: number): DescriptorMessage | null;
  /** A second channel on the same socket. */
  duplicate(): Channel;
  /**
   * Gives the connection to Node, with the bytes that were received and not read. The channel is over.
   *
   * @param unread bytes that were received before those, and that Node is to read first.
   */
  toNodeSocket(unread: Buffer): Duplex;
  /**
   * Lets Node copy the connection to another process, by `child.send(message, socket, { keepOpen: true })`; `null` where Node does
   * not know it. Nothing more is read here from then on, and closing the channel does not end the connection. Idempotent.
   */
  prepareTransfer(): TransferableConnection | null;
  readonly counters: ChannelCounters;
}

/** A connection that Node is to copy to another process. */
export interface TransferableConnection {
  readonly socket: NodeSocket;
  /** What was received already, and has to travel beside it. */
  readonly unread: Buffer;
}
