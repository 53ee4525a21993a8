/**
 * The functions of the `socket` module that make sockets ready for use.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, formatAddress, type InetAddress, isInetAddress, protocolName } from "../address/address.js";
import { getaddrinfo } from "../address/names.js";
import { checkForm, withHost } from "../address/resolve.js";
import {
  type AddressFamily,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  type SocketKind,
  TCP_NODELAY,
} from "../constants.js";
import { defaults } from "../defaults.js";
import { codeOf, osError, unsupported } from "../errors.js";
import { defaultTransport } from "../transport/index.js";
import type { Channel, Transport } from "../transport/transport.js";
import type { SocketOptions } from "./event-socket.js";
import { Socket } from "./socket.js";

/** How {@link createConnection} connects. */
export interface ConnectionOptions extends SocketOptions {
  /** Seconds that each attempt, and later each call on the socket, may take; the default time-out where it is left out. */
  readonly timeout?: number | null;
  /** The local address to connect from. */
  readonly sourceAddress?: InetAddress;
}

/**
 * Connects to a TCP server, trying each of its addresses in turn. Source: `socket.create_connection`. Small messages leave at once
 * (`TCP_NODELAY`), unlike in Python.
 *
 * @param address `["localhost", 9999]`, or a path for a Unix stream. With the two further parts of an IPv6 address, or with a
 *   zone in the host (`fe80::1%eth0`), only IPv6 is tried.
 * @returns the connected socket, which the caller closes.
 * @throws the error of the last attempt; GaiError.
 * @example
 * ```ts
 * await using socket = await createConnection(["localhost", 9999], { timeout: 5 });
 * ```
 */
export async function createConnection(address: Address, options: ConnectionOptions = {}): Promise<Socket> {
  if (!isInetAddress(address)) return connectTo(AF_UNIX, address, options);
  const [host, port] = address;
  const hasIPv6Parts = address.length > 2;
  if (hasIPv6Parts) checkForm(address, AF_INET6);
  const answers = await getaddrinfo(host, port, hasIPv6Parts ? AF_INET6 : AF_UNSPEC, SOCK_STREAM);
  let lastError: unknown;
  for (const [family, , , , found] of answers) {
    const [numeric, , , zone] = found;
    const target = hasIPv6Parts ? withHost(address, [AF_INET6, numeric, zone || undefined]) : found;
    try {
      return await connectTo(family, target, options);
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

async function connectTo(family: AddressFamily, address: Address, options: ConnectionOptions): Promise<Socket> {
  const socket = new Socket(family, SOCK_STREAM, 0, options);
  try {
    if (options.timeout !== undefined) socket.settimeout(options.timeout);
    if (options.sourceAddress !== undefined) await socket.bind(options.sourceAddress);
    await socket.connect(address);
    // As asyncio does it; Python's create_connection() leaves Nagle's algorithm on.
    if (family !== AF_UNIX) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, true);
    return socket;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/** How {@link createServer} listens. */
export interface CreateServerOptions extends SocketOptions {
  /** `AF_INET` (the default), `AF_INET6` or `AF_UNIX`. */
  readonly family?: AddressFamily;
  /** Connections that may wait to be accepted; 511. */
  readonly backlog?: number;
  /** Share the port with others that say so too. */
  readonly reusePort?: boolean;
  /** With `AF_INET6`: take IPv4 clients as well. */
  readonly dualstackIpv6?: boolean;
}

/**
 * A listening stream socket. Source: `socket.create_server`. As there, one of TCP has `SO_REUSEADDR`: its address can be listened at
 * again at once when it was closed.
 *
 * @returns the socket, which the caller closes.
 * @throws OSError naming the address.
 * @example
 * ```ts
 * await using listener = await createServer(["127.0.0.1", 0]);
 * const [connection, address] = await listener.accept();
 * ```
 */
export async function createServer(address: Address, options: CreateServerOptions = {}): Promise<Socket> {
  const { family = isInetAddress(address) ? AF_INET : AF_UNIX, dualstackIpv6 = false } = options;
  if (dualstackIpv6 && family !== AF_INET6) {
    throw new RangeError("Cannot use dualstackIpv6 with that family: it needs family: AF_INET6.");
  }
  const socket = new Socket(family, SOCK_STREAM, 0, options);
  try {
    // As Python does it: a server that was ended can be started again at once. Two can still not listen at one address.
    if (family !== AF_UNIX) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
    if (options.reusePort) socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, true);
    if (family === AF_INET6) socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, !dualstackIpv6);
    await socket.bind(address);
    await socket.listen(options.backlog ?? defaults.requestQueueSize);
    return socket;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/**
 * Two connected sockets. Source: `socket.socketpair`.
 *
 * On the native transport those of `AF_UNIX` come from the system, of every type. The Node transport makes streams by way
 * of a Unix socket in the temporary directory, gone again when they are there. Those of the IP families go by way of a port
 * of the loopback, where whoever else connects first is turned away (CVE-2024-3219).
 *
 * @returns both ends, which the caller closes.
 */
export async function socketpair(
  family: AddressFamily = AF_UNIX,
  type: SocketKind = SOCK_STREAM,
  options: SocketOptions = {},
): Promise<[Socket, Socket]> {
  const pair = openPair(options.transport ?? defaultTransport, family, type);
  if (pair !== null) {
    const [one, other] = pair;
    const sockets: [Socket, Socket] = [
      new Socket(family, type, 0, options, one),
      new Socket(family, type, 0, options, other),
    ];
    for (const socket of sockets) socket.closeWhenForgotten();
    return sockets;
  }
  if (type !== SOCK_STREAM) {
    throw unsupported(
      "Here socketpair() makes streams only",
      "Pass SOCK_STREAM, or bind two datagram sockets; the native transport makes pairs of Unix datagram sockets too.",
      "socketpair",
    );
  }
  const path = join(tmpdir(), `socketpair-${crypto.randomUUID()}`);
  const loopback = family === AF_INET6 ? "::1" : "127.0.0.1";
  try {
    await using listener = await createServer(family === AF_UNIX ? path : [loopback, 0], { ...options, family });
    const one = await connectTo(family, listener.getsockname(), options);
    try {
      return [one, await acceptFrom(listener, one)];
    } catch (error) {
      await one.close();
      throw error;
    }
  } finally {
    await rm(path, { force: true });
  }
}

function openPair(transport: Transport, family: AddressFamily, type: SocketKind): [Channel, Channel] | null {
  try {
    return transport.openPair(family, type, 0);
  } catch (error) {
    throw codeOf(error) === ""
      ? error
      : osError(`make a pair of ${protocolName(family, type)} sockets`, error, "socketpair");
  }
}

/** Accepts the other end of `one`, and breaks the connections of strangers. */
async function acceptFrom(listener: Socket, one: Socket): Promise<Socket> {
  const wanted = formatAddress(one.getsockname());
  for (;;) {
    const [other, address] = await listener.accept();
    if (formatAddress(address) === wanted) return other;
    other.abort();
  }
}

/** Whether this machine has IPv6. Source: `socket.has_ipv6`. */
export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === "IPv6"));
}

/** Whether a listening socket can take IPv4 and IPv6 clients at once. Source: `socket.has_dualstack_ipv6`. */
export async function hasDualstackIpv6(): Promise<boolean> {
  if (!hasIpv6()) return false;
  try {
    await using _socket = await createServer(["::", 0], { family: AF_INET6, dualstackIpv6: true });
    return true;
  } catch {
    return false;
  }
}
