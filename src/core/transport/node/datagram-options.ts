/**
 * The socket options of UDP that Node has calls for.
 *
 * @module
 */

import type { Socket as NodeDatagramSocket, SocketOptions } from "node:dgram";
import {
  type AddressFamily,
  AF_INET6,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../constants.js";
import { hasReusePort, unsupportedOption } from "./channel.js";

/** What is remembered of a UDP socket's options. */
export class NodeDatagramOptions {
  readonly #family: AddressFamily;
  readonly #values = new Map<string, number>();

  constructor(family: AddressFamily) {
    this.#family = family;
  }

  /** Remembers an option, and applies it at once where the socket is there. */
  set(level: number, option: number, value: number | Uint8Array, socket: NodeDatagramSocket | null): void {
    const key = keyOf(level, option);
    const known = key in APPLIED || (BOUND_WITH.has(key) && socket === null);
    if (typeof value !== "number" || !known || (key === REUSE_PORT && !hasReusePort)) {
      throw unsupportedOption(level, option);
    }
    this.#values.set(key, value);
    if (socket !== null) APPLIED[key]?.(socket, value);
  }

  get(level: number, option: number, socket: NodeDatagramSocket | null): number {
    const key = keyOf(level, option);
    if (level === SOL_SOCKET) {
      if (option === SO_TYPE) return SOCK_DGRAM;
      if (option === SO_DOMAIN) return this.#family;
      if (option === SO_PROTOCOL) return IPPROTO_UDP;
      if (option === SO_ERROR || option === SO_ACCEPTCONN) return 0;
      if (option === SO_RCVBUF && socket !== null) return socket.getRecvBufferSize();
      if (option === SO_SNDBUF && socket !== null) return socket.getSendBufferSize();
    }
    if (key in APPLIED || BOUND_WITH.has(key)) return this.#values.get(key) ?? 0;
    throw unsupportedOption(level, option);
  }

  /** What Node wants to know when it makes the socket. */
  forCreation(): SocketOptions & { reusePort: boolean } {
    return {
      type: this.#family === AF_INET6 ? "udp6" : "udp4",
      reuseAddr: this.#isOn(REUSE_ADDRESS),
      reusePort: this.#isOn(REUSE_PORT),
      ipv6Only: this.#isOn(IPV6_ONLY),
    };
  }

  /** Applies what was set before the socket was made. */
  applyTo(socket: NodeDatagramSocket): void {
    for (const [key, value] of this.#values) APPLIED[key]?.(socket, value);
  }

  #isOn(key: string): boolean {
    return (this.#values.get(key) ?? 0) !== 0;
  }
}

function keyOf(level: number, option: number): string {
  return `${level}/${option}`;
}

const REUSE_ADDRESS = keyOf(SOL_SOCKET, SO_REUSEADDR);
const REUSE_PORT = keyOf(SOL_SOCKET, SO_REUSEPORT);
const IPV6_ONLY = keyOf(IPPROTO_IPV6, IPV6_V6ONLY);

/** Options that Node takes when the socket is made, so only before it is bound. */
const BOUND_WITH: ReadonlySet<string> = new Set([REUSE_ADDRESS, REUSE_PORT, IPV6_ONLY]);

/** Options that Node has a call for. */
const APPLIED: Readonly<Record<string, (socket: NodeDatagramSocket, value: number) => void>> = {
  [keyOf(SOL_SOCKET, SO_BROADCAST)]: (socket, value) => socket.setBroadcast(value !== 0),
  [keyOf(SOL_SOCKET, SO_RCVBUF)]: (socket, value) => socket.setRecvBufferSize(value),
  [keyOf(SOL_SOCKET, SO_SNDBUF)]: (socket, value) => socket.setSendBufferSize(value),
  [keyOf(IPPROTO_IP, IP_TTL)]: (socket, value) => socket.setTTL(value),
};
