/**
 * What every channel of the Node transport has in common: the answers to calls that its state does not allow.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { SHUT_WR } from "../../constants.js";
import { codeOf, errnoOf, unsupported } from "../../errors.js";
import { systemError } from "../system-error.js";
import type {
  AcceptedConnection,
  Channel,
  ChannelCounters,
  ChannelOwner,
  DescriptorMessage,
  ReceivedDatagram,
  TransferableConnection,
} from "../transport.js";

const NO_BYTES: ChannelCounters = { bytesRead: 0, bytesWritten: 0, unreadBytes: 0 };

/** A channel that can do nothing yet: each state overrides what it can. */
export abstract class NodeChannel implements Channel {
  owner: ChannelOwner | null = null;

  async bind(_address: Address): Promise<void> {
    throw systemError("EINVAL");
  }
  async listen(_backlog: number): Promise<Channel> {
    throw systemError("EOPNOTSUPP");
  }
  async connect(_address: Address): Promise<Channel> {
    throw systemError("EISCONN");
  }

  tryAccept(): AcceptedConnection | null {
    throw systemError("EINVAL");
  }
  tryReceive(_size: number, _peek: boolean): Buffer | null {
    throw systemError("ENOTCONN");
  }
  tryReceiveFrom(_size: number, _peek: boolean): ReceivedDatagram | null {
    throw systemError("EOPNOTSUPP");
  }
  trySend(_data: Uint8Array): number | null {
    throw systemError("ENOTCONN");
  }
  sendCoalesced(_data: Uint8Array): boolean {
    return false;
  }
  /** Node takes everything ahead by itself. */
  enableBatching(): void {}

  trySendTo(_data: Uint8Array, _address: Address | null): number | Promise<number> | null {
    throw systemError("EOPNOTSUPP");
  }
  flushed(): boolean {
    return true;
  }
  get readable(): boolean {
    return false;
  }
  get writable(): boolean {
    return false;
  }
  get exceptional(): boolean {
    return false;
  }

  endSending(): void {
    try {
      this.shutdown(SHUT_WR);
    } catch (error) {
      // What the system refuses to end has ended.
      if (errnoOf(codeOf(error)) === 0) throw error;
    }
  }
  shutdown(_how: number): void {
    throw systemError("ENOTCONN");
  }
  abstract close(): void;
  abort(): void {
    this.close();
  }

  abstract getsockname(): Address;
  getpeername(): Address {
    throw systemError("ENOTCONN");
  }
  fileno(): number {
    return -1;
  }
  abstract setsockopt(level: number, option: number, value: number | Uint8Array): void;
  abstract getsockopt(level: number, option: number): number;
  getsockoptBytes(level: number, option: number, _length: number): Buffer {
    throw unsupportedOption(level, option);
  }
  release(_thread?: number): number {
    throw unsupported(
      "The Node transport cannot detach a descriptor",
      "Keep the socket itself and hand that on, or give the connection to Node with toNodeSocket().",
      "detach",
    );
  }
  trySendDescriptors(_data: Uint8Array, _descriptors: readonly number[]): number | null {
    throw noDescriptors("send", "sendmsg");
  }
  tryReceiveDescriptors(_size: number): DescriptorMessage | null {
    throw noDescriptors("receive", "recvmsg");
  }
  duplicate(): Channel {
    throw unsupported("The Node transport cannot duplicate a descriptor", "Share the socket itself.", "dup");
  }
  toNodeSocket(): Duplex {
    throw systemError("ENOTCONN");
  }
  prepareTransfer(): TransferableConnection | null {
    throw systemError("ENOTCONN");
  }
  get counters(): ChannelCounters {
    return NO_BYTES;
  }
}

/**
 * The descriptor behind one of Node's sockets, or -1.
 *
 * Node has no public way to ask. Reading this one property of the handle (present on POSIX since Node 0.6) only informs:
 * nothing in this transport depends on it.
 */
export function descriptorOf(nodeSocket: object): number {
  const handle = "_handle" in nodeSocket ? nodeSocket._handle : null;
  const descriptor = typeof handle === "object" && handle !== null && "fd" in handle ? handle.fd : -1;
  return typeof descriptor === "number" ? descriptor : -1;
}

function noDescriptors(action: string, syscall: string): Error {
  return unsupported(
    `The Node transport cannot ${action} descriptors`,
    "Node moves its own sockets between processes; the native transport moves any.",
    syscall,
  );
}

/** The error for a socket option that Node has no call for. */
export function unsupportedOption(level: number, option: number): Error {
  return unsupported(
    `The Node transport cannot reach the socket option ${option} of level ${level}`,
    "Node has no call for it; the native transport reaches every option.",
    "setsockopt",
  );
}

/** Whether this Node can share a port among processes (`reusePort`, since Node 22.12): older ones would ignore the wish. */
export const hasReusePort: boolean = ((): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
})();
