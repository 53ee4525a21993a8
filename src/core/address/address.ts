/**
 * Socket addresses: their types, and how they are written and read.
 *
 * @module
 */

import { isIPv6 } from "node:net";
import { isUint8Array } from "node:util/types";
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
import { formatUnixAddress, type UnixAddress } from "./unix.js";
import { isIPv6Host, MAX_SCOPE_ID, withZone } from "./zones.js";

export type { UnixAddress } from "./unix.js";

/**
 * An IPv4 or IPv6 address: `["127.0.0.1", 9999]`, `["::1", 9999]`.
 *
 * As in Python, the host `""` means every interface when binding, `"<broadcast>"` means 255.255.255.255, and the port 0
 * means that the system picks a free one. IPv6 takes Python's two further parts, the flow label and the scope id (the number
 * of the interface that a link-local address belongs to); or the interface in the host: `fe80::1%eth0`, `fe80::1%2`.
 * The addresses that sockets return have all four parts for IPv6, with the interface as a number in the last one.
 */
export type InetAddress = readonly [host: string, port: number, flowInfo?: number, scopeId?: number];

/** The address of a socket of any family. */
export type Address = InetAddress | UnixAddress;

/** The greatest flow label: 20 bits. */
const MAX_FLOW_LABEL = 0xf_ffff;

/** Whether an address is a host and a port, not a path. */
export function isInetAddress(address: Address): address is InetAddress {
  return Array.isArray(address) || (typeof address !== "string" && !isUint8Array(address));
}

/**
 * Writes an address the usual way: `127.0.0.1:9999`, `[::1]:9999`, `[fe80::1%eth0]:9999`, `/run/app.sock`.
 *
 * An empty host is written `*`, a Unix socket without a name `(unnamed)`, the zero of an abstract name `@`, and a byte that
 * is not UTF-8 `\xff`.
 */
export function formatAddress(address: Address): string {
  if (!isInetAddress(address)) return formatUnixAddress(address);
  if (!Array.isArray(address)) return String(address);
  const [host, port, , scopeId = 0] = address;
  if (host === "") return `*:${port}`;
  if (isIPv6(host)) return `[${host.includes("%") ? host : withZone(host, scopeId)}]:${port}`;
  return isIPv6Host(host) ? `[${host}]:${port}` : `${host}:${port}`;
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
    const hint = isIPv6Host(text.replace(/:\d+$/, "")) ? " An IPv6 address stands in brackets: [::1]:9999." : "";
    throw new RangeError(`Cannot read the address "${text}": write host:port, such as 127.0.0.1:9999.${hint}`);
  }
  const { v6, host, port } = match.groups;
  if (v6 !== undefined && !isIPv6Host(v6)) {
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

/**
 * Checks the two parts of an address that IPv6 alone has; they may be left out.
 *
 * @throws TypeError where one of them is not a number; RangeError naming one that is out of range.
 */
export function checkIPv6Parts([, , flowInfo = 0, scopeId = 0]: InetAddress): void {
  checkPart("flow label", flowInfo, MAX_FLOW_LABEL);
  checkPart("scope id", scopeId, MAX_SCOPE_ID);
}

function checkPart(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  const message = `Cannot use the ${name} ${String(value)}: it is a whole number from 0 to ${max}.`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/** The family that an address belongs to by its form; a host name counts as IPv4, Python's default. */
export function familyOf(address: Address): typeof AF_INET | typeof AF_INET6 | typeof AF_UNIX {
  if (!isInetAddress(address)) return AF_UNIX;
  return address.length > 2 || isIPv6Host(address[0]) ? AF_INET6 : AF_INET;
}

/** No address in particular: what a socket has before it is bound, and what stands for a peer that is gone. */
export function anyAddress(family: AddressFamily): Address {
  if (family === AF_UNIX) return "";
  return family === AF_INET6 ? ["::", 0, 0, 0] : ["0.0.0.0", 0];
}
