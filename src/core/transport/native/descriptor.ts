/**
 * {@link NativeDescriptor}: a socket of the system, by its descriptor: how it gets its names and peers, its options, and its end.
 *
 * @module
 */

import { type Address, anyAddress, isInetAddress } from "../../address/address.js";
import {
  type AddressFamily,
  AF_UNIX,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SOL_SOCKET,
  type SocketKind,
} from "../../constants.js";
import { codeOf } from "../../errors.js";
import { systemError, systemErrorOf } from "../system-error.js";
import { UnixSocketFile } from "../unix-socket-file.js";
import { RESET_ON_CLOSE } from "./constants.js";
import type { Poller } from "./poller.js";
import { NativeAddresses } from "./sockaddr.js";

/** For a call's one address: they are made one at a time. */
const scratch = new NativeAddresses();

/** `struct linger`: whether it is on, and the seconds. */
const linger = new Int32Array(2);
const lingerBytes = new Uint8Array(linger.buffer);

/**
 * The calls that never wait, and that every native socket has, whether its owner awaits or blocks. What the socket may do in
 * which state, the system itself knows.
 */
export abstract class NativeDescriptor {
  readonly family: AddressFamily;
  readonly kind: SocketKind;
  protected readonly system: Poller;
  /** -1 when it was closed or given away. */
  descriptor: number;
  protected peer: Address | null;
  /** A connection is being made, for which sending and receiving wait. */
  connecting = false;
  /** Whether {@link close} may wait as long as `SO_LINGER` says: for a thread that may block. */
  mayLinger = false;
  /** `SO_LINGER` may be on: it was set here, at the listener, or by a former owner of the descriptor. */
  protected hasLingerOption = false;
  /** The address it had, for error messages after its end. */
  #local: Address | null = null;
  #file: UnixSocketFile | null = null;

  constructor(system: Poller, family: AddressFamily, kind: SocketKind, descriptor: number, peer: Address | null) {
    this.system = system;
    this.family = family;
    this.kind = kind;
    this.descriptor = descriptor;
    this.peer = peer;
  }

  /** The descriptor had another owner, which may have set any option. */
  cameFromElsewhere(): void {
    this.hasLingerOption = true;
  }

  /** The result of a system call, or its error thrown. */
  protected check(result: number): number {
    if (result < 0) throw systemErrorOf(result);
    return result;
  }

  // ── becoming a server or a client ─────────────────────────────────────────────────────────────────────────────────

  bind(address: Address): void {
    // Without a name Linux gives an abstract one, as in CPython. Where it has one, the system will refuse another.
    const isNamed = !isInetAddress(address) && address.length > 0;
    const file = isNamed && this.#local === null ? UnixSocketFile.claim(address) : null;
    this.check(this.system.calls.bind(this.descriptor, scratch.write(address).bytes));
    file?.created();
    this.#file = file;
    this.#local = this.getsockname();
  }

  /**
   * Begins to connect, or says what has become of the attempt that is under way.
   *
   * @returns whether the connection is there; if not, {@link finishConnecting} is for when there is room to send.
   * @throws what the system says at once: `EALREADY` while an attempt goes on; see {@link isBacklogFull}.
   */
  tryConnect(address: Address): boolean {
    const result = this.system.calls.connect(this.descriptor, scratch.write(address).bytes);
    if (result >= 0) {
      this.onConnected();
      return true;
    }
    const error = systemErrorOf(result);
    if (error.code !== "EALREADY") this.connecting = error.code === "EINPROGRESS";
    if (error.code !== "EINPROGRESS") throw error;
    return false;
  }

  /** Whether an attempt has failed since the peer's backlog is full, and the system does not tell when there is room. */
  isBacklogFull(error: unknown): boolean {
    return this.family === AF_UNIX && codeOf(error) === "EAGAIN";
  }

  /** Ends an attempt that has an answer. @throws what it has failed with */
  finishConnecting(): void {
    this.connecting = false;
    const errno = this.getsockopt(SOL_SOCKET, SO_ERROR);
    if (errno !== 0) throw systemErrorOf(-errno);
    this.onConnected();
  }

  /**
   * There is a peer. It is named as the system reached it, which need not be as the caller wrote it.
   *
   * @throws `ENOTCONN` where the connection was refused, and another call has read the error
   */
  protected onConnected(): void {
    this.connecting = false;
    this.peer = this.askPeer();
    if (this.peer === null) throw systemError("ENOTCONN");
  }

  /** The other end as the system knows it; `null` while there is none. */
  protected askPeer(): Address | null {
    return this.system.calls.getpeername(this.descriptor, scratch.bytes) < 0 ? null : scratch.read();
  }

  // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

  shutdown(how: number): void {
    this.check(this.system.calls.shutdown(this.descriptor, how));
  }

  endSending(): void {
    this.system.calls.shutdown(this.descriptor, SHUT_WR);
  }

  close(): void {
    if (this.descriptor < 0) return;
    if (!this.mayLinger) this.stopLingering();
    this.system.calls.close(this.descriptor);
    this.descriptor = -1;
    this.#file?.remove();
  }

  /**
   * Lets the system go on sending after the socket's end without waiting for that. With `SO_LINGER` and a time, closing would
   * stop the event loop for as long as the peer does not read.
   */
  protected stopLingering(): void {
    if (!this.hasLingerOption || this.family === AF_UNIX) return;
    const { calls } = this.system;
    calls.getsockopt(this.descriptor, SOL_SOCKET, SO_LINGER, lingerBytes);
    // Without a time it asks for a reset, which takes none.
    if (linger[0] === 0 || linger[1] === 0) return;
    linger[0] = 0;
    calls.setsockopt(this.descriptor, SOL_SOCKET, SO_LINGER, lingerBytes, lingerBytes.length);
  }

  abort(): void {
    if (this.descriptor < 0) return;
    if (this.family !== AF_UNIX) {
      this.system.calls.setsockopt(this.descriptor, SOL_SOCKET, SO_LINGER, RESET_ON_CLOSE, RESET_ON_CLOSE.length);
    }
    this.close();
  }

  release(thread?: number): number {
    if (this.descriptor < 0) throw systemError("EBADF");
    const { descriptor } = this;
    const { calls } = this.system;
    this.check(thread === undefined ? calls.release(descriptor) : calls.transfer(descriptor, thread));
    this.descriptor = -1;
    return descriptor;
  }

  // ── asking and setting ────────────────────────────────────────────────────────────────────────────────────────────

  getsockname(): Address {
    if (this.descriptor < 0) return this.#local ?? anyAddress(this.family);
    this.check(this.system.calls.getsockname(this.descriptor, scratch.bytes));
    return scratch.read();
  }

  /** Remembers the address that the system has given the socket. */
  protected rememberName(): void {
    this.#local = this.getsockname();
  }

  getpeername(): Address {
    // Of an attempt to connect that no call waits for, the system alone knows what has become.
    const peer = this.connecting ? this.askPeer() : this.peer;
    if (peer === null) throw systemError("ENOTCONN");
    return peer;
  }

  fileno(): number {
    return this.descriptor;
  }

  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    const bytes = typeof value === "number" ? new Uint8Array(Int32Array.of(value).buffer) : value;
    this.check(this.system.calls.setsockopt(this.descriptor, level, option, bytes, bytes.length));
    if (level === SOL_SOCKET && option === SO_LINGER) this.hasLingerOption = true;
  }

  getsockopt(level: number, option: number): number {
    const value = new Int32Array(1);
    this.check(this.system.calls.getsockopt(this.descriptor, level, option, new Uint8Array(value.buffer)));
    return value[0] ?? 0;
  }

  getsockoptBytes(level: number, option: number, length: number): Buffer {
    const value = Buffer.alloc(length);
    return value.subarray(0, this.check(this.system.calls.getsockopt(this.descriptor, level, option, value)));
  }
}
