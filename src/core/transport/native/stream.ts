/**
 * Streams (and sequenced packets) of the native transport: listeners and connections, which the system does not tell apart
 * either.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { MSG_PEEK, MSG_TRUNC, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET } from "../../constants.js";
import { LARGE_READ, largeSlab, SLAB_SIZE, smallSlab } from "../slab.js";
import { systemError, systemErrorOf } from "../system-error.js";
import type { AcceptedConnection, ChannelCounters, DescriptorMessage, ReceivedDatagram } from "../transport.js";
import { NativeChannel, type ReceivedInto } from "./channel.js";
import { EAGAIN, EINVAL, EPOLLIN, EPOLLOUT, MSG_MORE, POLL_FAILED } from "./constants.js";
import { NativeAddresses } from "./sockaddr.js";

const NO_BYTES = Buffer.alloc(0);
/** The descriptors that came with a message: as many as one can carry. */
const arrived = new Int32Array(253);
/** How many they are, and the system's flags. */
const arrival = new Int32Array(2);
const peerAddress = new NativeAddresses();
/** The system's flags for a packet that was received. */
const packetFlags = new Int32Array(1);
/** No packet is longer: what a program asks for beyond it takes no memory. */
const MAX_PACKET = 2 ** 24;
/**
 * How long a read may wait in the system's call, where nothing can wake it, in milliseconds: the next message of a busy
 * connection is there by then.
 */
export const BLOCKING_RECV_MS = 20;

/** A stream socket. */
export class NativeStream extends NativeChannel {
  /** What has broken the connection. The system reports it once; later calls report it again. */
  #failure: Error | null = null;
  /** Much came last time, and so may the next time. */
  #comesInBulk = false;
  /** Bytes that were received for a call that had ended by then. */
  #undelivered: Buffer | null = null;
  /** The system was told that {@link receiveBlocking} may block. */
  #mayBlock = false;
  /** What the connection was given to Node as. */
  #given: NodeSocket | null = null;

  override tryConnect(address: Address): boolean {
    // The system would take a second call for a question about the first, and say that it went well.
    if (this.peer !== null) throw systemError("EISCONN");
    return super.tryConnect(address);
  }

  override tryAccept(): AcceptedConnection<NativeStream> | null {
    const descriptor = this.system.calls.accept(this.descriptor, peerAddress.bytes);
    if (descriptor < 0) {
      if (descriptor === EAGAIN) return this.foundNothing();
      throw systemErrorOf(descriptor);
    }
    const address = peerAddress.read();
    const channel = new NativeStream(this.system, this.family, this.kind, descriptor, address);
    // The system lets connections inherit the listener's options.
    channel.hasLingerOption = this.hasLingerOption;
    return { channel, address };
  }

  override wantedBytes(events: number): number {
    // What else is told of the reading comes first; and what comes in bulk gets larger memory.
    if ((events & ~EPOLLOUT) !== EPOLLIN || this.connecting || this.#comesInBulk) return 0;
    if (this.kind !== SOCK_STREAM || this.receiver === null) return 0;
    return this.receiver.wanted;
  }

  override onReceived(received: Buffer | number, room: number): void {
    const { receiver } = this;
    // The receiver may have been ended by an earlier event of the same batch: then the bytes are for the next one.
    if (typeof received === "number") {
      if (received < 0 && received !== EAGAIN) this.#failure = systemErrorOf(received);
      this.onReady(EPOLLIN);
      return;
    }
    this.#count(received.length, room);
    this.waitsToRead = false;
    if (receiver === null) {
      this.#undelivered = received;
    } else {
      this.receiver = null;
      receiver.onBytes(received);
    }
    if (this.mayRead || receiver === null) this.owner?.onReadable();
    this.updateHold();
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    if (this.#undelivered !== null) return this.#takeUndelivered(this.#undelivered, size, peek);
    if (!this.mayRead || this.connecting) return null;
    if (this.kind === SOCK_SEQPACKET) return this.#receivePacket(size, peek);
    const slab = this.#comesInBulk ? largeSlab : smallSlab;
    const room = slab.makeRoom(size, false);
    const flags = peek ? MSG_PEEK : 0;
    const answer = this.system.calls.recv(this.descriptor, slab.memory, slab.used, room, flags);
    const length = this.#received(answer, room, flags);
    if (length === null) return null;
    return length === 0 ? NO_BYTES : slab.cut(length);
  }

  override tryReceiveInto(memory: Uint8Array, start: number, length: number): number | null {
    if (this.#undelivered !== null) {
      const bytes = this.#takeUndelivered(this.#undelivered, length, false);
      memory.set(bytes, start);
      return bytes.length;
    }
    if (!this.mayRead || this.connecting) return null;
    return this.#received(this.system.calls.recv(this.descriptor, memory, start, length, 0), length, 0);
  }

  /**
   * As {@link tryReceive}, but blocks the thread for {@link BLOCKING_RECV_MS} while nothing is there: one call of the system, where
   * waiting for readiness takes two. Nothing can end that wait early.
   */
  override receiveBlocking(size: number): Buffer | null {
    const slab = this.#comesInBulk ? largeSlab : smallSlab;
    const room = slab.makeRoom(size, false);
    const length = this.receiveIntoBlocking(slab.memory, slab.used, room);
    if (length === null) return null;
    return length === 0 ? NO_BYTES : slab.cut(length);
  }

  /** As {@link tryReceiveInto}; else like {@link receiveBlocking}. */
  override receiveIntoBlocking(memory: Uint8Array, start: number, length: number): number | null {
    if (this.connecting) return null;
    if (!this.#mayBlock) this.#letBlock();
    return this.#received(this.system.calls.recvBlocking(this.descriptor, memory, start, length), length, 0);
  }

  #letBlock(): void {
    this.#mayBlock = this.system.calls.setblocking(this.descriptor, BLOCKING_RECV_MS) === 0;
  }

  /** What the system's answer to a receiving call means: how many bytes; 0 at the end; `null` when there is nothing. */
  #received(length: number, room: number, flags: number): number | null {
    if (length < 0) return this.#receivedNothing(length);
    if (length === 0) this.#checkEnd();
    else if ((flags & MSG_PEEK) === 0) this.#count(length, room);
    return length;
  }

  /** The system says that the stream has ended. @throws what is the truth instead */
  #checkEnd(): void {
    if (this.#failure !== null) throw this.#failure;
    // After an attempt to connect that failed, the system speaks of an end.
    if (this.peer === null) throw systemError("ENOTCONN");
  }

  override tryReceiveFrom(size: number, peek: boolean): ReceivedDatagram | null {
    const data = this.tryReceive(size, peek);
    const truncated = this.kind === SOCK_SEQPACKET && ((packetFlags[0] ?? 0) & MSG_TRUNC) !== 0;
    return data === null ? null : { data, address: this.getpeername(), truncated };
  }

  override tryReceiveFromInto(memory: Uint8Array, start: number, length: number): ReceivedInto | null {
    if (this.kind === SOCK_STREAM) {
      const received = this.tryReceiveInto(memory, start, length);
      return received === null ? null : { length: received, address: this.getpeername(), truncated: false };
    }
    const packet = this.tryReceiveFrom(length, false);
    if (packet === null) return null;
    memory.set(packet.data, start);
    return { length: packet.data.length, address: packet.address, truncated: packet.truncated };
  }

  /** Receives a packet, of which what finds no room is lost: {@link packetFlags} tell. */
  #receivePacket(size: number, peek: boolean): Buffer | null {
    const room = Math.min(size, MAX_PACKET);
    const isLong = room > SLAB_SIZE;
    if (!isLong) largeSlab.makeRoom(room, true);
    const memory = isLong ? Buffer.allocUnsafe(room) : largeSlab.memory;
    const start = isLong ? 0 : largeSlab.used;
    const flags = peek ? MSG_PEEK : 0;
    const { calls } = this.system;
    const answer = calls.recvfrom(this.descriptor, memory, start, room, flags, peerAddress.bytes, packetFlags);
    const length = this.#received(answer, room, flags);
    if (length === null) return null;
    if (!isLong) return length === 0 ? NO_BYTES : largeSlab.cut(length);
    // The memory that was not needed is not kept.
    return length < room / 2 ? Buffer.from(memory.subarray(0, length)) : memory.subarray(0, length);
  }

  /** What was received for a call that has ended before. */
  #takeUndelivered(bytes: Buffer, size: number, peek: boolean): Buffer {
    if (!peek) this.#undelivered = bytes.length > size ? bytes.subarray(size) : null;
    return bytes.subarray(0, size);
  }

  override get readable(): boolean {
    return this.#undelivered !== null || super.readable;
  }

  /** Counts received bytes. @param room how many bytes there was room for */
  #count(length: number, room: number): void {
    this.bytesRead += length;
    this.#comesInBulk = length >= LARGE_READ;
    this.drained = length < room;
    // Where nothing is left, the next call need not ask: the system tells of everything that comes from now on.
    this.mayRead = !this.drained || this.ended || !this.readsUntilEmpty || !this.isWatchedForReading;
  }

  #receivedNothing(errno: number): null {
    if (errno === EAGAIN) return this.foundNothing();
    // Of Unix sockets the system says "invalid argument".
    if (this.peer === null) throw errno === EINVAL ? systemError("ENOTCONN") : systemErrorOf(errno);
    this.#failure = systemErrorOf(errno);
    throw this.#failure;
  }

  override trySend(data: Uint8Array, start: number, end: number, more: boolean): number | null {
    if (this.connecting) return null;
    const sent = this.system.calls.send(this.descriptor, data, start, end - start, more ? MSG_MORE : 0);
    if (sent >= 0) {
      this.bytesWritten += sent;
      return sent;
    }
    if (sent === EAGAIN) return null;
    throw this.#sendingError(sent);
  }

  #sendingError(errno: number): Error {
    const error = systemErrorOf(errno);
    // The system has told it now (ECONNRESET, ETIMEDOUT, EHOSTUNREACH …), and would tell readers of an end in good order.
    if (error.code !== "EPIPE" && (this.system.poll(this.descriptor, 0) & POLL_FAILED) !== 0) this.#failure = error;
    return error;
  }

  override trySendDescriptors(data: Uint8Array, descriptors: readonly number[]): number | null {
    const sent = this.system.calls.sendmsg(this.descriptor, data, 0, data.length, 0, Int32Array.from(descriptors));
    if (sent === EAGAIN) return null;
    this.bytesWritten += this.check(sent);
    return sent;
  }

  override tryReceiveDescriptors(size: number): DescriptorMessage | null {
    if (!this.mayRead) return null;
    const data = Buffer.allocUnsafe(size);
    const length = this.system.calls.recvmsg(this.descriptor, data, 0, size, 0, arrived, arrival);
    if (length === EAGAIN) return this.foundNothing();
    this.bytesRead += this.check(length);
    const descriptors = Array.from(arrived.subarray(0, arrival[0]));
    for (const descriptor of descriptors) this.system.arrived.add(descriptor);
    return { data: data.subarray(0, length), descriptors };
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    super.setsockopt(level, option, value);
    // SO_RCVTIMEO is how the system was told how long a call may block. What a program means by it, settimeout() does.
    if (this.#mayBlock && level === SOL_SOCKET) this.#letBlock();
  }

  override release(thread?: number): number {
    // The next owner finds it as any other.
    if (this.#mayBlock) this.system.calls.setblocking(this.descriptor, 0);
    this.#mayBlock = false;
    return super.release(thread);
  }

  override duplicate(): NativeStream {
    const descriptor = this.check(this.system.calls.dup(this.descriptor));
    const copy = new NativeStream(this.system, this.family, this.kind, descriptor, this.peer);
    copy.connecting = this.connecting;
    copy.hasLingerOption = this.hasLingerOption;
    copy.#mayBlock = this.#mayBlock;
    return copy;
  }

  override toNodeSocket(unread: Buffer): Duplex {
    if (this.kind !== SOCK_STREAM) throw systemError("EOPNOTSUPP");
    if (this.peer === null) throw systemError("ENOTCONN");
    this.stopLingering();
    const fd = this.release();
    try {
      const given = new NodeSocket({ fd, allowHalfOpen: true, readable: true, writable: true });
      if (this.#undelivered !== null) given.unshift(this.#undelivered);
      if (unread.length > 0) given.unshift(unread);
      this.#given = given;
      return given;
    } catch (error) {
      // Node has not taken it over.
      this.system.calls.adopt(fd);
      this.system.calls.close(fd);
      throw error;
    }
  }

  /** With what Node has moved since the connection was given to it. */
  override get counters(): ChannelCounters {
    const { bytesRead, bytesWritten, unreadBytes } = super.counters;
    const { bytesRead: readThere = 0, bytesWritten: writtenThere = 0 } = this.#given ?? {};
    return { bytesRead: bytesRead + readThere, bytesWritten: bytesWritten + writtenThere, unreadBytes };
  }

  /** What has arrived and was not read; as much of it as a slab can hold. */
  protected override unreadBytes(): number {
    if (this.descriptor < 0) return 0;
    const room = largeSlab.makeRoom(65_536, false);
    return Math.max(0, this.system.calls.recv(this.descriptor, largeSlab.memory, largeSlab.used, room, MSG_PEEK));
  }
}
