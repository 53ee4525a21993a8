/**
 * The transport made of the system's own calls: it runs on Linux, by way of the addon in `native/`.
 *
 * @module
 */

import type { Address } from "../../address/address.js";
import {
  type AddressFamily,
  AF_UNIX,
  SO_DOMAIN,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
} from "../../constants.js";
import { systemErrorOf } from "../system-error.js";
import type { AdoptedSocket, Channel, KnownSocket, Transport } from "../transport.js";
import type { NativeAddon } from "./addon.js";
import type { NativeChannel } from "./channel.js";
import { NativeDatagram } from "./datagram.js";
import { Poller } from "./poller.js";
import { NativeAddresses } from "./sockaddr.js";
import { NativeStream } from "./stream.js";

/** Sockets by way of system calls. */
export class NativeTransport implements Transport {
  readonly name = "native";
  readonly features = {
    unixDatagrams: true,
    rawSockets: true,
    blockingSockets: true,
    acceptOnDemand: true,
    allSocketOptions: true,
    descriptors: true,
  };
  readonly #system: Poller;

  constructor(addon: NativeAddon) {
    this.#system = new Poller(addon);
  }

  open(family: AddressFamily, kind: SocketKind, protocol: number): NativeChannel {
    return this.#channel(family, kind, check(this.#system.calls.socket(family, kind, protocol)), null);
  }

  openPair(family: AddressFamily, kind: SocketKind, protocol: number): [Channel, Channel] | null {
    if (family !== AF_UNIX) return null;
    const pair = new Int32Array(2);
    check(this.#system.calls.socketpair(family, kind, protocol, pair));
    const [one = -1, other = -1] = pair;
    return [this.#channel(family, kind, one, ""), this.#channel(family, kind, other, "")];
  }

  get thread(): number {
    return this.#system.calls.ownerId();
  }

  claim(descriptor: number, known?: KnownSocket): AdoptedSocket<NativeChannel> {
    if (!this.#system.arrived.delete(descriptor)) check(this.#system.calls.claim(descriptor));
    if (known === undefined) return this.#describe(descriptor);
    const { family, kind, peer } = known;
    const channel = this.#channel(family, kind, descriptor, peer);
    channel.cameFromElsewhere();
    return { channel, family, kind, protocol: 0, connected: peer !== null };
  }

  adopt(descriptor: number): AdoptedSocket<NativeChannel> {
    check(this.#system.calls.adopt(descriptor));
    return this.#describe(descriptor);
  }

  #describe(descriptor: number): AdoptedSocket<NativeChannel> {
    const unknown = this.#channel(AF_UNIX, SOCK_STREAM, descriptor, null);
    // The system only has families and kinds that these constants stand for, or others that nothing here can use.
    const family = unknown.getsockopt(SOL_SOCKET, SO_DOMAIN) as AddressFamily;
    const kind = unknown.getsockopt(SOL_SOCKET, SO_TYPE) as SocketKind;
    const protocol = unknown.getsockopt(SOL_SOCKET, SO_PROTOCOL);
    const peer = this.#peerOf(descriptor);
    const channel = this.#channel(family, kind, descriptor, peer);
    channel.cameFromElsewhere();
    return { channel, family, kind, protocol, connected: peer !== null };
  }

  #peerOf(descriptor: number): Address | null {
    const address = new NativeAddresses();
    return this.#system.calls.getpeername(descriptor, address.bytes) < 0 ? null : address.read();
  }

  #channel(family: AddressFamily, kind: SocketKind, descriptor: number, peer: Address | null): NativeChannel {
    const Kind = kind === SOCK_STREAM || kind === SOCK_SEQPACKET ? NativeStream : NativeDatagram;
    return new Kind(this.#system, family, kind, descriptor, peer);
  }
}

function check(result: number): number {
  if (result < 0) throw systemErrorOf(result);
  return result;
}

/** The transport on a loaded addon. One in each thread is enough. */
export function makeNativeTransport(addon: NativeAddon): NativeTransport {
  return new NativeTransport(addon);
}
