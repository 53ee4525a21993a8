/**
 * What every channel of the Node transport has in common: the answers to calls that its state does not allow.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import type { Address } from "../../address/address.js";
import { SHUT_WR } from "../../constants.js";
import { codeOf, errnoOf, unsupported } from "../../errors.js";
import type { ByteReceiver } from "../../stream/byte-stream.js";
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

/** A channel that can do nothing yet: each kind overrides what it can do. */
export abstract class NodeChannel implements Channel {
  owner: ChannelOwner | null = null;
  receiver: ByteReceiver | null = null;

  bind(_address: Address): void {
    throw systemError("EINVAL");
  }
  listen(_backlog: number): Promise<Channel> {
    throw systemError("EOPNOTSUPP");
  }
  connect(_address: Address, _mayWait: boolean): Promise<Channel> {
    throw systemError("EISCONN");
  }

  /** Node reports everything unasked. */
  watch(_direction: "read" | "write"): void {}
  tryAccept(): AcceptedConnection | null {
    throw systemError("EINVAL");
  }
  tryReceive(_size: number, _peek: boolean): Buffer | null {
    throw systemError("ENOTCONN");
  }
  tryReceiveFrom(_size: number, _peek: boolean): ReceivedDatagram | null {
    throw systemError("EOPNOTSUPP");
  }
  /** Node receives into memory of its own. */
  tryReceiveInto(memory: Uint8Array, start: number, length: number): number | null {
    const bytes = this.tryReceive(length, false);
    if (bytes === null) return null;
    memory.set(bytes, start);
    return bytes.length;
  }
  trySend(_data: Uint8Array, _start: number, _end: number, _more: boolean): number | null {
    throw systemError("ENOTCONN");
  }
  /** Node receives all datagrams ahead. */
  enableBatching(): void {}

  trySendTo(_data: Uint8Array, _address: Address | null): number | Promise<number> | null {
    throw systemError("EOPNOTSUPP");
  }
  flushed(): boolean {
    return true;
  }
  /** There is something to read, or nothing any more: for the receiver that waits, and the owner. */
  protected serveReader(): void {
    const { receiver } = this;
    if (receiver !== null) {
      let bytes: Buffer | null = null;
      try {
        bytes = this.tryReceive(receiver.wanted, false);
      } catch (error) {
        this.receiver = null;
        this.owner?.onReceiveError(receiver, error);
      }
      if (bytes !== null) {
        this.receiver = null;
        receiver.onBytes(bytes);
      }
    }
    this.owner?.onReadable();
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
  toNodeSocket(_unread: Buffer): Duplex {
    throw systemError("ENOTCONN");
  }
  prepareTransfer(): TransferableConnection | null {
    throw systemError("ENOTCONN");
  }
  get counters(): ChannelCounters {
    return NO_BYTES;
  }
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
