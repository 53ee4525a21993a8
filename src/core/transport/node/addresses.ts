/**
 * Addresses as Node names them: the zone of an IPv6 address stands in the host, by its interface's name, and a path is text.
 *
 * @module
 */

import { isIPv6, type Socket as NodeSocket } from "node:net";
import { type Address, type InetAddress, isInetAddress } from "../../address/address.js";
import { inetNtop, inetPton } from "../../address/inet.js";
import { isAbstract } from "../../address/unix.js";
import { scopeIdOf, splitZone, withZone } from "../../address/zones.js";
import { AF_INET6 } from "../../constants.js";
import { unsupported } from "../../errors.js";
import { systemError } from "../system-error.js";

/** Whether a listener there does not know at which of the machine's addresses a connection arrives. */
export function isWildcard(address: Address): boolean {
  return isInetAddress(address) && (address[0] === "0.0.0.0" || address[0] === "::");
}

/**
 * The address that Node tells of one end, as the system names it: `["fe80::1%eth0", 80]` is `["fe80::1", 80, 0, 2]`.
 *
 * @returns `null` when Node does not know it.
 */
export function addressOf(host: string | undefined, port: number | undefined): InetAddress | null {
  if (host === undefined || port === undefined) return null;
  if (!host.includes(":")) return [host, port];
  const [bare, zone] = splitZone(host);
  return [bare, port, 0, zone === null ? 0 : (scopeIdOf(bare, zone) ?? 0)];
}

/** The address of the other end, or `null` when that is gone already. */
export function peerOf(socket: NodeSocket): Address | null {
  return addressOf(socket.remoteAddress, socket.remotePort);
}

/** The address that a socket was given, as the system would name it: `["0::1", 80]` is `["::1", 80, 0, 0]`. */
export function asNamed(address: InetAddress): InetAddress;
export function asNamed(address: Address): Address;
export function asNamed(address: Address): Address {
  if (!isInetAddress(address)) return address;
  const [host, port, , scopeId = 0] = address;
  return host.includes(":") ? [inetNtop(AF_INET6, inetPton(AF_INET6, host)), port, 0, scopeId] : [host, port];
}

/** The host of an address, as Node takes it. @throws UnsupportedOperation for a zone whose name Node does not take */
export function hostOf([host, , , scopeId = 0]: InetAddress): string {
  if (scopeId === 0) return host;
  const whole = withZone(host, scopeId);
  if (isIPv6(whole)) return whole;
  throw unsupported(`Node takes no address such as ${whole}`, "The native transport takes every interface.", "socket");
}

/** Node's options for the address of a stream. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

/** @throws EINVAL for an empty path; UnsupportedOperation */
export function endpointOf(address: Address): Endpoint {
  if (isInetAddress(address)) return { host: hostOf(address), port: address[1] };
  if (address.length === 0) throw systemError("EINVAL");
  if (typeof address !== "string") {
    throw unsupported("Node takes no path that is not UTF-8", "The native transport takes every path.", "socket");
  }
  if (isAbstract(address) && !hasAbstractNames) {
    throw unsupported(
      "The Node transport cannot use abstract names on this version of Node",
      "It would fill them up with zeros, and meet no other program: use a path, Node 22, or the native transport.",
      "socket",
    );
  }
  return { path: address };
}

/** Whether Node gives the system an abstract name as it is: since libuv 1.48 (Node 20 has 1.46). */
const hasAbstractNames: boolean = ((): boolean => {
  const [major = 0, minor = 0] = process.versions.uv.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 48);
})();
