/**
 * A connected stream on `node:net`.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { AF_UNIX, SHUT_RD, SHUT_RDWR, SHUT_WR } from "../../constants.js";
import { copyToSlab } from "../slab.js";
import { systemError } from "../system-error.js";
import type { ChannelCounters, TransferableConnection } from "../transport.js";
import { descriptorOf, NodeChannel } from "./channel.js";
import { readDirectly } from "./direct-reading.js";
import type { NodeStreamOptions } from "./stream-options.js";

/** Node is told to stop reading when this much waits for `tryReceive()`: about what one kernel read brings. */
const READ_AHEAD_BYTES = 65_536;
/** The same in pieces, for a peer that sends single bytes: each piece that waits has memory of its own. */
const READ_AHEAD_CHUNKS = 256;
/** How long, in seconds, a closed connection may go on sending what it had taken before it is broken. */
const LINGER_SECONDS = 30;

/** What is given to Node at once. No more than this can be on its way when a sender gives up. */
const SLICE_BYTES = 65_536;
/** What is written from the caller's memory as long as the system takes everything: a copy would cost more than it is worth. */
const UNCOPIED_BYTES = 16_384;

/** Where slices are written from, for all connections; who got stuck with it keeps it, and the next one makes another. */
let scratch: Buffer | null = null;

const NO_BYTES = Buffer.alloc(0);

/** A connection: bytes in, bytes out. */
export class NodeConnection extends NodeChannel {
  #socket: NodeSocket;
  #options: NodeStreamOptions;
  readonly #local: Address;
  readonly #peer: Address;
  readonly #chunks: Buffer[] = [];
  #unread = 0;
  /** How it is read from. */
  #reading: "not yet" | "directly" | "as a stream" = "not yet";
  /** Takes what comes as a stream. */
  #onData: ((chunk: Buffer) => void) | null = null;
  #flowing = false;
  /** Somebody else has the socket, and what it receives. */
  #given = false;
  #readEnded = false;
  #sendEnded = false;
  #closed = false;
  /** A write has not left yet: the system has no room for it. */
  #stuck = false;
  /** The last write got stuck, so the next one may too. */
  #backedUp = false;
  /** Node has let go of the connection. */
  #gone = false;
  #error: Error | null = null;
  /** It may be another process's as well: what ends it there is not to be done here. */
  #lent = false;

  /**
   * @param socket a connected socket that is paused and allows half-open connections.
   * @param local the local address, or `null` to ask Node: now, since it forgets as soon as the connection is gone.
   */
  constructor(socket: NodeSocket, options: NodeStreamOptions, local: Address | null, peer: Address) {
    super();
    this.#socket = socket;
    this.#options = options;
    this.#local = local ?? [socket.localAddress ?? "", socket.localPort ?? 0];
    this.#peer = peer;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on("end", this.#onReadEnd).on("error", this.#onError).on("close", this.#onGone);
  }

  #unlisten(): void {
    this.#socket.off("end", this.#onReadEnd).off("error", this.#onError).off("close", this.#onGone);
  }

  /** Nobody reads before somebody asks: until then the connection can go to another thread or process as it is. */
  #read(): void {
    this.#flowing = true;
    if (this.#reading === "not yet") this.#beginToRead();
    else this.#socket.resume();
  }

  #beginToRead(): void {
    const direct = readDirectly(this.#socket, this.#options, (length, memory) => this.#onBytes(length, memory));
    if (direct === null) {
      this.#reading = "as a stream";
      this.#onData = (chunk) => {
        if (!this.#take(chunk)) this.#socket.pause();
      };
      this.#socket.on("data", this.#onData).resume();
    } else {
      this.#reading = "directly";
      this.#unlisten();
      this.#socket = direct;
      this.#listen();
    }
  }

  /** Node has read directly. @returns whether it may read on */
  #onBytes(length: number, memory: Buffer): boolean {
    // What one gets from a socket of Node's is one's own.
    if (this.#given) return this.#socket.push(ownCopy(memory, length));
    if (this.#readEnded) return true;
    if (this.#chunks.length > 0) return this.#take(ownCopy(memory, length));
    if ((this.owner?.awaitedBytes ?? 0) >= length) {
      this.owner?.onReceived(copyToSlab(memory, length));
      return true;
    }
    const mayGoOn = this.#take(copyToSlab(memory, length));
    // Nearly always somebody has taken it. What waits is not to hold a slab.
    const waiting = this.#chunks[0];
    if (waiting !== undefined) this.#chunks[0] = ownCopy(waiting, waiting.length);
    return mayGoOn;
  }

  /** Takes what has come. @returns whether more may come */
  #take(chunk: Buffer): boolean {
    if (this.#readEnded) return true;
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
    this.#flowing = this.#unread < READ_AHEAD_BYTES && this.#chunks.length < READ_AHEAD_CHUNKS;
    this.owner?.onReadable();
    return this.#flowing;
  }

  readonly #onReadEnd = (): void => {
    this.#readEnded = true;
    this.owner?.onReadable();
  };

  readonly #onGone = (): void => {
    this.#gone = true;
    this.#onReadEnd();
    // A connection that is gone must not leave a writer waiting.
    this.owner?.onWritable();
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
  };

  #onWritten(error: Error | null | undefined): void {
    this.#stuck = false;
    if (error) this.#error ??= error;
    this.owner?.onWritable();
  }

  override tryReceive(size: number, peek: boolean): Buffer | null {
    const chunks = this.#chunks;
    if (chunks.length === 0) return this.#nothingToRead();
    if (peek) return Buffer.concat(chunks).subarray(0, size);
    const [first] = chunks;
    if (first !== undefined && first.length > size) {
      chunks[0] = first.subarray(size);
      this.#unread -= size;
      return first.subarray(0, size);
    }
    if (chunks.length > 1) return this.#gather(size);
    this.#unread = 0;
    return chunks.pop() ?? null;
  }

  /** Takes several small chunks as one, as the kernel would give them. */
  #gather(size: number): Buffer {
    let count = 0;
    let length = 0;
    for (const chunk of this.#chunks) {
      if (length + chunk.length > size) break;
      length += chunk.length;
      count += 1;
    }
    this.#unread -= length;
    return Buffer.concat(this.#chunks.splice(0, count), length);
  }

  #nothingToRead(): Buffer | null {
    // What had arrived before the failure is read first, as from the kernel.
    if (this.#error !== null) throw this.#error;
    if (this.#readEnded) return NO_BYTES;
    if (!this.#flowing) this.#read();
    return null;
  }

  /**
   * Takes at most {@link SLICE_BYTES}.
   *
   * Node goes on sending from the memory that it got, even when the sender has given up meanwhile (a time-out, `close()`). So
   * it gets a copy of everything that is likely to get stuck: slices of more than {@link UNCOPIED_BYTES}, and every write
   * after one that got stuck. What is left: of a write of at most {@link UNCOPIED_BYTES} that is the first to find no room,
   * the peer may get what the caller has put there after giving up.
   */
  override trySend(data: Uint8Array): number | null {
    if (this.#error !== null) throw this.#error;
    if (this.#sendEnded || this.#gone) throw systemError("EPIPE");
    if (this.#stuck) return null;
    const socket = this.#socket;
    const size = Math.min(data.length, SLICE_BYTES);
    const accepted = socket.write(size > UNCOPIED_BYTES || this.#backedUp ? copyOf(data, size) : data);
    // Nearly always the system has taken everything by now. A callback with every write would cost a tick with every write,
    // so only a write that got stuck is followed by an empty one, whose callback tells when it has gone.
    this.#backedUp = socket.writableLength > 0;
    if (this.#backedUp) {
      this.#stuck = true;
      if (size > UNCOPIED_BYTES) scratch = null;
      socket.write(NO_BYTES, (error) => this.#onWritten(error));
    }
    // Node knows at once that a write has failed, and emits the error only later.
    if (!accepted && socket.errored !== null) throw socket.errored;
    return size;
  }

  override flushed(): boolean {
    if (this.#error !== null) throw this.#error;
    if (this.#stuck && this.#gone) throw systemError("EPIPE");
    return !this.#stuck;
  }

  override get readable(): boolean {
    if (this.#chunks.length > 0) return true;
    if (this.#error !== null) return true;
    return this.#nothingToRead() !== null;
  }

  override get writable(): boolean {
    return !this.#stuck;
  }

  override toNodeSocket(): Duplex {
    const socket = this.#socket;
    this.#closed = true;
    this.#given = true;
    this.owner = null;
    // Node's own pause() of a socket that it reads directly stops the handle as well, and nobody who waits for "readable" would
    // have it started again.
    if (this.#reading === "directly") Reflect.set(socket, "pause", Duplex.prototype.pause);
    socket.pause();
    if (this.#onData !== null) socket.off("data", this.#onData);
    this.#unlisten();
    const unread = this.#chunks.splice(0);
    // Node takes nothing back behind the end.
    if (this.#readEnded && unread.length > 0) return replay(unread, socket);
    for (const chunk of unread.reverse()) socket.unshift(chunk);
    // No longer paused, but not flowing either: as a socket that is new, it begins when somebody listens to its data.
    Reflect.set(socket, "readableFlowing", null);
    this.#unread = 0;
    if (this.#reading === "directly") socket.read(0);
    return socket;
  }

  override prepareTransfer(): TransferableConnection {
    const socket = this.#socket;
    this.#lent = true;
    socket.pause();
    // Of a connection that is read as a stream, Node reads on a little after that, and has no public way to stop it. A listener's
    // connections are not read before somebody asks, so this is for those alone that somebody has read from.
    const handle: unknown = "_handle" in socket ? socket._handle : null;
    if (
      typeof handle === "object" &&
      handle !== null &&
      "readStop" in handle &&
      typeof handle.readStop === "function"
    ) {
      // It is given to onData; in taking it, Node begins to read again.
      if (socket.readableLength > 0) socket.read();
      handle.readStop();
    }
    return { socket, unread: Buffer.concat(this.#chunks) };
  }

  override shutdown(how: number): void {
    if (this.#socket.destroyed && this.#error === null && !this.#readEnded) throw systemError("ENOTCONN");
    if ((how === SHUT_WR || how === SHUT_RDWR) && !this.#sendEnded) {
      this.#sendEnded = true;
      this.#socket.end();
    }
    if (how === SHUT_RD || how === SHUT_RDWR) {
      this.#chunks.length = 0;
      this.#unread = 0;
      this.#onReadEnd();
      // Read on and throw away, so that the peer can finish sending and its end is noticed.
      this.#socket.resume();
    }
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.owner = null;
    const socket = this.#socket;
    if (this.#options.resetOnClose && !this.#lent) this.#reset();
    else if (socket.writableLength === 0) socket.destroy();
    else this.#lingerThenDestroy();
  }

  #lingerThenDestroy(): void {
    const socket = this.#socket;
    const timer = setTimeout(() => socket.destroy(), LINGER_SECONDS * 1000);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
    socket.destroySoon();
  }

  override abort(): void {
    this.#closed = true;
    this.owner = null;
    this.#reset();
  }

  #reset(): void {
    // Only TCP has resets; Node refuses to make one of a Unix stream.
    if (this.#options.family === AF_UNIX) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  override getsockname(): Address {
    return this.#local;
  }

  override getpeername(): Address {
    return this.#peer;
  }

  override fileno(): number {
    return descriptorOf(this.#socket);
  }

  override setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#options = this.#options.with(level, option, value, this.#socket);
  }

  override getsockopt(level: number, option: number): number {
    return this.#options.get(level, option, false);
  }

  override get counters(): ChannelCounters {
    const { bytesRead, bytesWritten } = this.#socket;
    return { bytesRead, bytesWritten, unreadBytes: this.#unread };
  }
}

/** A stream of bytes that have come already, and of nothing after them; what is written to it goes to the socket. */
function replay(chunks: readonly Buffer[], socket: NodeSocket): Duplex {
  const stream = new Duplex({
    read() {
      for (const chunk of chunks) this.push(chunk);
      this.push(null);
    },
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("error", (error) => stream.destroy(error));
  return stream;
}

/** A copy in memory of its own, which is no larger. */
function ownCopy(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length);
  bytes.copy(copy, 0, 0, length);
  return copy;
}

/** A copy of the first bytes. A large one lies in {@link scratch}, which whoever gets stuck with it must give up. */
function copyOf(data: Uint8Array, size: number): Buffer {
  if (size <= UNCOPIED_BYTES) return Buffer.from(data.subarray(0, size));
  scratch ??= Buffer.allocUnsafeSlow(SLICE_BYTES);
  scratch.set(size === data.length ? data : data.subarray(0, size));
  return size === SLICE_BYTES ? scratch : scratch.subarray(0, size);
}
