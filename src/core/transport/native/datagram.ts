/**
 * Datagrams of the native transport: UDP, Unix datagrams and raw sockets, received and answered in batches.
 *
 * @module
 */

import type { Address } from "../../address/address.js";
import { AF_UNIX, MSG_PEEK, MSG_TRUNC, SHUT_WR } from "../../constants.js";
import type { ReceivedDatagram } from "../transport.js";
import { NativeChannel, type ReceivedInto } from "./channel.js";
import { EAGAIN } from "./constants.js";
import { DatagramBatch } from "./datagram-batch.js";
import { NativeAddresses } from "./sockaddr.js";

const END = Buffer.alloc(0);
/** Datagrams that one system call receives. */
const BATCH = 32;
/** Longer than any datagram over IP. Unix datagrams may be longer: of those fewer are received at once. */
const DATAGRAM_STRIDE = 65_536;
const UNIX_DATAGRAM_STRIDE = 8 * DATAGRAM_STRIDE;
const MEMORY = BATCH * DATAGRAM_STRIDE;
/**
 * How soon a Unix socket whose receiver's queue is full tries again, in milliseconds: the system has no event for it. Twice as long
 * after each vain attempt, up to the second number.
 */
const QUEUE_RETRY = 1;
const MAX_QUEUE_RETRY = 16;

/** Where a batch is received, for all sockets of this thread: each datagram is copied out at once. */
let memory: Buffer | null = null;
const addresses = new NativeAddresses(BATCH);
const results = new Int32Array(2 * BATCH);
const target = new NativeAddresses();

/** A socket for single messages. */
export class NativeDatagram extends NativeChannel {
  #worksAhead = false;
  /** Received ahead of the calls that will return them; in reverse, the next one last. */
  #queue: ReceivedDatagram[] = [];
  /** Who has sent the datagrams of the last batch: an answer to one of them may wait for those to the others. */
  #senders: Address[] = [];
  #batch: DatagramBatch | null = null;
  /** Of a descriptor that does not block, the system does not tell that. */
  #readEnded = false;
  /** Datagrams go to others than the peer that it is connected to. */
  #sendsToOthers = false;
  #retry: NodeJS.Timeout | null = null;
  #retryTime = QUEUE_RETRY;

  override enableBatching(): void {
    this.#worksAhead = true;
  }

  get #place(): number {
    return this.family === AF_UNIX ? UNIX_DATAGRAM_STRIDE : DATAGRAM_STRIDE;
  }

  override tryReceiveFrom(size: number, peek: boolean): ReceivedDatagram | null {
    if (this.#readEnded && this.#queue.length === 0) return { data: END, address: this.peer ?? "", truncated: false };
    if (peek && this.#queue.length === 0) return this.#peek(size);
    if (this.#queue.length === 0 && !this.#receiveBatch()) return null;
    const datagram = peek ? this.#queue.at(-1) : this.#queue.pop();
    if (datagram === undefined) return null;
    if (!peek) this.bytesRead += datagram.data.length;
    if (datagram.data.length <= size) return datagram;
    return { data: datagram.data.subarray(0, size), address: datagram.address, truncated: true };
  }

  override tryReceiveInto(memory: Uint8Array, start: number, length: number): number | null {
    return this.tryReceiveFromInto(memory, start, length)?.length ?? null;
  }

  override tryReceiveFromInto(memory: Uint8Array, start: number, length: number): ReceivedInto | null {
    if (this.#readEnded) return { length: 0, address: this.peer ?? "", truncated: false };
    if (this.#queue.length > 0) {
      const datagram = this.tryReceiveFrom(length, false);
      if (datagram === null) return null;
      memory.set(datagram.data, start);
      return { length: datagram.data.length, address: datagram.address, truncated: datagram.truncated };
    }
    const received = this.#receiveOne(memory, start, length, 0);
    this.bytesRead += received?.length ?? 0;
    return received;
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    if (this.#readEnded) return END;
    return this.tryReceiveFrom(size, peek)?.data ?? null;
  }

  /** Looks at the next one where the system has it: the descriptor may be given away before it is received. */
  #peek(size: number): ReceivedDatagram | null {
    memory ??= Buffer.allocUnsafeSlow(MEMORY);
    const received = this.#receiveOne(memory, 0, Math.min(size, this.#place), MSG_PEEK);
    return received === null ? null : { ...received, data: Buffer.from(memory.subarray(0, received.length)) };
  }

  #receiveOne(into: Uint8Array, start: number, room: number, flags: number): ReceivedInto | null {
    if (!this.mayRead || this.#readEnded) return null;
    const { calls } = this.system;
    const length = calls.recvfrom(this.descriptor, into, start, room, flags, addresses.bytes, results);
    if (length === EAGAIN) return this.foundNothing();
    this.check(length);
    return { length, address: addresses.read(), truncated: ((results[0] ?? 0) & MSG_TRUNC) !== 0 };
  }

  /** Receives the next one, or what there is, at most a batch. Tells whether there was anything. */
  #receiveBatch(): boolean {
    if (!this.mayRead || this.#readEnded) return false;
    const place = this.#place;
    memory ??= Buffer.allocUnsafeSlow(MEMORY);
    const room = this.#worksAhead ? MEMORY / place : 1;
    const count = this.system.calls.recvmmsg(this.descriptor, memory, place, room, addresses.bytes, results);
    if (count === EAGAIN) {
      this.foundNothing();
      return false;
    }
    this.check(count);
    this.#senders = [];
    for (let index = count - 1; index >= 0; index -= 1) this.#queue.push(this.#takeOut(memory, index, place));
    return true;
  }

  #takeOut(from: Buffer, index: number, place: number): ReceivedDatagram {
    const length = results[2 * index] ?? 0;
    const data = Buffer.allocUnsafe(length);
    from.copy(data, 0, index * place, index * place + length);
    const address = addresses.read(index);
    this.#senders.push(address);
    return { data, address, truncated: ((results[2 * index + 1] ?? 0) & MSG_TRUNC) !== 0 };
  }

  /**
   * Of a socket that works ahead, an answer to a datagram of the last batch is taken at once, and leaves together with the others:
   * when the batch is full, or when this turn's JavaScript is done. Everything else is sent at once, and its failure is known at
   * once.
   */
  override trySendTo(data: Uint8Array, address: Address | null): number | null {
    if (address !== null && this.peer !== null) this.#sendsToOthers = true;
    // Not over Unix sockets: a receiver whose queue is full would hold up the answers to all others.
    if (this.#worksAhead && this.family !== AF_UNIX && address !== null && this.#senders.includes(address)) {
      if (DatagramBatch.fits(data)) return this.#answer(data, address);
    }
    if (this.#batch !== null && !this.#batch.send()) return null;
    const sent = this.#send(data, address);
    if (sent === EAGAIN) return null;
    this.bytesWritten += this.check(sent);
    // While another receiver is waited for, that goes on more and more rarely.
    if (this.#retry === null) this.#retryTime = QUEUE_RETRY;
    return sent;
  }

  #send(data: Uint8Array, address: Address | null): number {
    const { calls } = this.system;
    if (address === null) return calls.send(this.descriptor, data, 0, data.length, 0);
    return calls.sendto(this.descriptor, data, 0, data.length, 0, target.write(address).bytes);
  }

  #answer(data: Uint8Array, address: Address): number | null {
    this.#batch ??= new DatagramBatch(this.system, this.descriptor, (lost, error) => this.#onLost(lost, error));
    if (!this.#batch.hasRoomFor(data) && !this.#batch.send()) return null;
    if (this.#batch.isEmpty) process.nextTick(this.#sendAnswers);
    this.#batch.add(data, address);
    this.bytesWritten += data.length;
    return data.length;
  }

  readonly #sendAnswers = (): void => {
    if (this.descriptor < 0 || this.#batch === null) return;
    if (this.#batch.send()) this.#retryTime = QUEUE_RETRY;
    else this.watch("write");
  };

  protected override onRoom(): void {
    this.#sendAnswers();
  }

  /**
   * Of the socket's own buffer the system tells when there is room, and of a connected Unix socket when the peer has some. Of any
   * other receiver of Unix datagrams it tells nothing, and each vain attempt would count as room of its own.
   */
  override tellsOfRoomFor(address: Address | null): boolean {
    return this.family !== AF_UNIX || (address === null && this.peer !== null);
  }

  override watch(direction: "read" | "write"): void {
    if (direction === "read" || this.tellsOfRoomFor(null)) super.watch(direction);
    if (direction === "write" && (this.#sendsToOthers || !this.tellsOfRoomFor(null))) this.#watchOthers();
  }

  #watchOthers(): void {
    if (this.family === AF_UNIX) this.#retry ??= setTimeout(this.#tryAgain, this.#retryTime);
  }

  readonly #tryAgain = (): void => {
    this.#retry = null;
    this.#retryTime = Math.min(2 * this.#retryTime, MAX_QUEUE_RETRY);
    this.onRoom();
    this.owner?.onWritable();
  };

  #onLost(address: Address, error: Error): void {
    // Not now: this may be within a call of the owner's. Nor too late: it may be closing.
    const { owner } = this;
    process.nextTick(() => owner?.onDrop(address, error));
  }

  override get readable(): boolean {
    return this.#queue.length > 0 || this.#readEnded || super.readable;
  }

  override shutdown(how: number): void {
    // Without a peer the system says ENOTCONN, and ends the direction even so.
    if (how !== SHUT_WR) this.#readEnded = true;
    super.shutdown(how);
  }

  protected override onConnected(): void {
    this.connecting = false;
    // With the port 0 there is no peer afterwards, and the system minds neither.
    this.peer = this.askPeer();
  }

  override close(): void {
    this.#sendLast();
    super.close();
    this.#forget();
  }

  override release(thread?: number): number {
    this.#sendLast();
    const descriptor = super.release(thread);
    this.#forget();
    return descriptor;
  }

  #sendLast(): void {
    if (this.descriptor >= 0 && this.#batch?.send() === false) this.#batch.abort();
  }

  #forget(): void {
    this.#queue = [];
    this.#senders = [];
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  override duplicate(): NativeDatagram {
    const descriptor = this.check(this.system.calls.dup(this.descriptor));
    return new NativeDatagram(this.system, this.family, this.kind, descriptor, this.peer);
  }

  protected override unreadBytes(): number {
    return this.#queue.reduce((sum, { data }) => sum + data.length, 0);
  }
}
