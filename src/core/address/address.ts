/**
 * Socket addresses: their types, and how they are written and read.
 *
 * @module
 */

import { isIPv6 } from "node:net";
import {
  type AddressFamily,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type SocketKind,
} from "../constants.js";

/**
 * An IPv4 or IPv6 address: `["127.0.0.1", 9999]`, `["::1", 9999]`.
 *
 * As in Python, the host `""` means every interface when binding, `"<broadcast>"` means 255.255.255.255, and the port 0
 * means that the system picks a free one. IPv6 takes Python's two further items, the flow label and the scope id.
 */
export type InetAddress = readonly [host: string, port: number, flowInfo?: number, scopeId?: number];

/** The path of a Unix socket; `""` for a socket that has none. A name that begins with `"\0"` is an abstract one (Linux). */
export type UnixAddress = string;

/** The address of a socket of any family. */
export type Address = InetAddress | UnixAddress;

/** Whether an address is a host and a port, not a path. */
export function isInetAddress(address: Address): address is InetAddress {
  return typeof address !== "string";
}

/**
 * Writes an address the usual way: `127.0.0.1:9999`, `[::1]:9999`, `/run/app.sock`.
 *
 * An empty host is written `*`, a Unix socket without a name `(unnamed)`.
 */
export function formatAddress(address: Address): string {
  if (!isInetAddress(address)) return address === "" ? "(unnamed)" : address.replace("\0", "@");
  if (!Array.isArray(address)) return String(address);
  const [host, port] = address;
  return `${host === "" ? "*" : isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The word for a kind of socket: `tcp`, `udp`, `unix` or `unix datagram`; for the rarer ones `unix seqpacket`, `ip raw`. */
export function protocolName(family: AddressFamily, kind: SocketKind): string {
  if (kind === SOCK_SEQPACKET) return family === AF_UNIX ? "unix seqpacket" : "ip seqpacket";
  if (kind === SOCK_RAW) return "ip raw";
  if (family === AF_UNIX) return kind === SOCK_STREAM ? "unix" : "unix datagram";
  return kind === SOCK_STREAM ? "tcp" : "udp";
}

/**
 * Reads `host:port`: `127.0.0.1:9999`, `localhost:9999`, `[::1]:9999`, `:9999` (every interface).
 *
 * @throws RangeError naming the text and the mend, when it is not an address.
 * @example
 * ```ts
 * parseAddress("[::1]:9999"); // ["::1", 9999]
 * ```
 */
export function parseAddress(text: string): InetAddress {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(text);
  if (match?.groups === undefined) {
    const hint = isIPv6(text.replace(/:\d+$/, "")) ? " An IPv6 address stands in brackets: [::1]:9999." : "";
    throw new RangeError(`Cannot read the address "${text}": write host:port, such as 127.0.0.1:9999.${hint}`);
  }
  const { v6, host, port } = match.groups;
  if (v6 !== undefined && !isIPv6(v6)) {
    throw new RangeError(`Cannot read the address "${text}": "${v6}" is not an IPv6 address.`);
  }
  return [v6 ?? host ?? "", checkPort(Number(port), text)];
}

/** Reads what to connect to: a path has a slash in it, and a host has none. @throws RangeError as {@link parseAddress} */
export function parseTarget(text: string): Address {
  return text.includes("/") ? text : parseAddress(text);
}

/** Returns the port, or throws a `RangeError` that names it when it is not a whole number from 0 to 65535. */
export function checkPort(port: number, where?: string): number {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    const at = where === undefined ? "" : ` in "${where}"`;
    // A program without types may hand over anything: the quotes of a string are what is wrong with it.
    const given = typeof port === "number" ? String(port) : (JSON.stringify(port) ?? "undefined");
    throw new RangeError(`Cannot use the port ${given}${at}: a port is a whole number from 0 to 65535.`);
  }
  return port;
}

/** The family that an address belongs to by its form; a host name counts as IPv4, Python's default. */
export function familyOf(address: Address): typeof AF_INET | typeof AF_INET6 | typeof AF_UNIX {
  if (!isInetAddress(address)) return AF_UNIX;
  return isIPv6(address[0]) ? AF_INET6 : AF_INET;
}
