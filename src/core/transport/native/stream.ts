/**
 * Streams (and sequenced packets) of the native transport: listeners and connections, which the system does not tell apart
 * either.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { MSG_PEEK, SOCK_SEQPACKET, SOCK_STREAM } from "../../constants.js";
import { LARGE_READ, largeSlab, SLAB_SIZE, smallSlab } from "../slab.js";
import { systemError, systemErrorOf } from "../system-error.js";
import type { AcceptedConnection, Channel, ChannelCounters, DescriptorMessage } from "../transport.js";
import { NativeChannel } from "./channel.js";
import { EAGAIN, EINVAL, EPOLLIN, EPOLLOUT, POLL_FAILED } from "./constants.js";
import { NativeAddresses } from "./sockaddr.js";

const NO_BYTES = Buffer.alloc(0);
/** The descriptors that came with a message: as many as one can carry. */
const arrived = new Int32Array(253);
/** How many they are, and the system's flags. */
const arrival = new Int32Array(2);
const peerAddress = new NativeAddresses();

/** A stream socket. */
export class NativeStream extends NativeChannel {
  /** What has broken the connection. The system tells it once; whoever asks later is to hear it too. */
  #failure: Error | null = null;
  /** Much came last time, and so may the next time. */
  #comesInBulk = false;
  /** A message is to leave with others. */
  #departs = false;
  /** The last one that left so has left in part. */
  #restWaits = false;
  /** What the connection was given to Node as. */
  #given: NodeSocket | null = null;

  override connect(address: Address): Promise<Channel> {
    // The system would take a second call for a question about the first, and say that it went well.
    return this.peer === null ? super.connect(address) : Promise.reject(systemError("EISCONN"));
  }

  override tryAccept(): AcceptedConnection | null {
    const descriptor = this.system.calls.accept(this.descriptor, peerAddress.bytes);
    if (descriptor < 0) {
      if (descriptor === EAGAIN) return this.awaitReadable();
      throw systemErrorOf(descriptor);
    }
    const address = peerAddress.read();
    return { channel: new NativeStream(this.system, this.family, this.kind, descriptor, address), address };
  }

  override wantedBytes(events: number): number {
    // What else is told of the reading comes first; and what comes in bulk gets larger memory.
    if ((events & ~EPOLLOUT) !== EPOLLIN || this.connecting || this.#comesInBulk) return 0;
    if (this.kind !== SOCK_STREAM) return 0;
    return this.owner?.awaitedBytes ?? 0;
  }

  override onReceived(received: Buffer | number, room: number): void {
    if (typeof received !== "number") {
      this.#count(received.length, room);
      this.owner?.onReceived(received);
      return;
    }
    if (received < 0 && received !== EAGAIN) this.#failure = systemErrorOf(received);
    this.onReady(EPOLLIN);
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    if (!this.mayRead || this.connecting) return this.awaitReadable();
    // Of a packet, what finds no room is lost; of a stream it waits.
    const isPacket = this.kind === SOCK_SEQPACKET;
    if (isPacket && size > SLAB_SIZE) return this.#receiveLongPacket(size, peek);
    const slab = this.#comesInBulk || isPacket ? largeSlab : smallSlab;
    const room = slab.makeRoom(size, isPacket);
    const length = this.system.calls.recv(this.descriptor, slab.memory, slab.used, room, peek ? MSG_PEEK : 0);
    if (length < 0) return this.#receivedNothing(length);
    if (length === 0) {
      if (this.#failure !== null) throw this.#failure;
      // After an attempt to connect that failed, the system speaks of an end.
      if (this.peer === null) throw systemError("ENOTCONN");
      return NO_BYTES;
    }
    if (!peek) this.#count(length, room);
    return slab.cut(length);
  }

  /** So many bytes have been received, where there was room for so many. */
  #count(length: number, room: number): void {
    this.bytesRead += length;
    this.#comesInBulk = length >= LARGE_READ;
    // Where nothing is left, the next call need not ask: the system tells of everything that comes from now on.
    this.mayRead = length === room || this.ended || !this.readsUntilEmpty;
  }

  /** A packet that may be longer than a slab. */
  #receiveLongPacket(size: number, peek: boolean): Buffer | null {
    const packet = Buffer.allocUnsafe(size);
    const length = this.system.calls.recv(this.descriptor, packet, 0, size, peek ? MSG_PEEK : 0);
    if (length < 0) return this.#receivedNothing(length);
    if (!peek) this.bytesRead += length;
    // The memory that was not needed is not kept.
    return length < size / 2 ? Buffer.from(packet.subarray(0, length)) : packet.subarray(0, length);
  }

  #receivedNothing(errno: number): null {
    if (errno === EAGAIN) return this.awaitReadable();
    // Of Unix sockets the system says "invalid argument".
    if (this.peer === null) throw errno === EINVAL ? systemError("ENOTCONN") : systemErrorOf(errno);
    this.#failure = systemErrorOf(errno);
    throw this.#failure;
  }

  override trySend(data: Uint8Array): number | null {
    if (this.connecting || !this.#depart()) return this.awaitWritable();
    const sent = this.system.calls.send(this.descriptor, data, 0, data.length, 0);
    if (sent >= 0) {
      this.bytesWritten += sent;
      return sent;
    }
    if (sent === EAGAIN) return this.awaitWritable();
    throw this.#sendingError(sent);
  }

  #sendingError(errno: number): Error {
    const error = systemErrorOf(errno);
    // The system has told it now (ECONNRESET, ETIMEDOUT, EHOSTUNREACH …), and would tell readers of an end in good order.
    if (error.code !== "EPIPE" && (this.system.poll(this.descriptor, 0) & POLL_FAILED) !== 0) this.#failure = error;
    return error;
  }

  override sendCoalesced(data: Uint8Array): boolean {
    const { length } = data;
    if (!this.system.coalescer.wouldTake(length) || this.kind !== SOCK_STREAM) return false;
    // What has to wait, or fails, does so at once.
    if (this.#departs || this.connecting || this.ended || this.#failure !== null) return false;
    if (this.descriptor < 0) return false;
    this.system.coalescer.add(this, this.descriptor, data, length);
    this.#departs = true;
    return true;
  }

  onCoalescedSent(result: number, rest: Buffer | null): void {
    const failed = result < 0 && result !== EAGAIN;
    this.#departs = false;
    this.#restWaits = rest !== null && !failed;
    if (result > 0) this.bytesWritten += result;
    this.owner?.onCoalescedSent(failed ? this.#sendingError(result) : rest);
  }

  /**
   * Sends what was taken to be sent together: whatever else is done with the connection comes after it.
   *
   * @returns whether the next may be sent; if not, something is left, which waits for room.
   */
  #depart(): boolean {
    if (!this.#departs) return true;
    this.system.coalescer.send();
    return !this.#restWaits;
  }

  override fileno(): number {
    this.#depart();
    return super.fileno();
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#depart();
    super.setsockopt(level, option, value);
  }

  override shutdown(how: number): void {
    this.#depart();
    super.shutdown(how);
  }

  override endSending(): void {
    this.#depart();
    super.endSending();
  }

  override close(): void {
    this.#depart();
    super.close();
  }

  override release(thread?: number): number {
    this.#depart();
    return super.release(thread);
  }

  override trySendDescriptors(data: Uint8Array, descriptors: readonly number[]): number | null {
    const sent = this.system.calls.sendmsg(this.descriptor, data, 0, data.length, 0, Int32Array.from(descriptors));
    if (sent === EAGAIN) return this.awaitWritable();
    this.bytesWritten += this.check(sent);
    return sent;
  }

  override tryReceiveDescriptors(size: number): DescriptorMessage | null {
    if (!this.mayRead) return this.awaitReadable();
    const data = Buffer.allocUnsafe(size);
    const length = this.system.calls.recvmsg(this.descriptor, data, 0, size, 0, arrived, arrival);
    if (length === EAGAIN) return this.awaitReadable();
    this.bytesRead += this.check(length);
    const descriptors = Array.from(arrived.subarray(0, arrival[0]));
    for (const descriptor of descriptors) this.system.arrived.add(descriptor);
    return { data: data.subarray(0, length), descriptors };
  }

  override duplicate(): NativeStream {
    this.#depart();
    const descriptor = this.check(this.system.calls.dup(this.descriptor));
    return new NativeStream(this.system, this.family, this.kind, descriptor, this.peer);
  }

  override toNodeSocket(): Duplex {
    if (this.kind !== SOCK_STREAM) throw systemError("EOPNOTSUPP");
    if (this.peer === null) throw systemError("ENOTCONN");
    const fd = this.release();
    try {
      this.#given = new NodeSocket({ fd, allowHalfOpen: true, readable: true, writable: true });
      return this.#given;
    } catch (error) {
      // Node does not want it: somebody has to close it.
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
