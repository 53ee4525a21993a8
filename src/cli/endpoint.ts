/**
 * {@link Endpoint}: where a server of the command listens, and how a user reaches it.
 *
 * @module
 */

import { resolve } from "node:path";
import { type Address, formatAddress, isInetAddress } from "../core/address/address.js";
import type { AddressFamily } from "../core/constants.js";
import type { BundledExample } from "../servers/description.js";

/** What a server of the command can speak. */
export type Protocol = "tcp" | "udp" | "unix";

/** Where a server is to listen, or listens. */
export interface Endpoint {
  readonly protocol: Protocol;
  readonly address: Address;
  readonly addressFamily: AddressFamily;
}

/** Which address reaches a server that listens on all of them. */
const LOOPBACK: Readonly<Record<string, string>> = { "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1" };

/** Writes an endpoint: `tcp 127.0.0.1:9999`. */
export function formatEndpoint({ protocol, address }: Endpoint): string {
  return `${protocol} ${formatAddress(address)}`;
}

/** Whether other machines can reach the server, whatever their way. */
export function listensOnAllInterfaces({ address }: Endpoint): boolean {
  return isInetAddress(address) && address[0] in LOOPBACK;
}

/**
 * A line for the user's shell that sends the example to the server.
 *
 * @returns such as `echo hello | nc -N 127.0.0.1 9999`.
 */
export function exampleCommand({ protocol, address }: Endpoint, example: BundledExample): string {
  const { send, command, pipeTo } = example;
  const netcatThere = netcat(protocol, address);
  if (command !== undefined) return command(reachable(address), netcatThere);
  const show = pipeTo === undefined ? "" : ` | ${pipeTo}`;
  if (send !== undefined) return `echo ${quote(send)} | ${netcatThere}${show}`;
  // A server of datagrams answers only to one.
  return protocol === "udp" ? `echo | ${netcatThere}${show}` : `${netcatThere} < /dev/null${show}`;
}

/** The address by which this machine reaches the server: `127.0.0.1:9999`. */
export function reachable(address: Address): string {
  if (!isInetAddress(address)) return formatAddress(address);
  const [host, ...parts] = address;
  return formatAddress([LOOPBACK[host] ?? host, ...parts]);
}

/** `-N` ends the sending when the input ends; a datagram has no end, so there it is a second of silence that ends nc. */
function netcat(protocol: Protocol, address: Address): string {
  // The other terminal may be in another directory.
  if (!isInetAddress(address)) return `nc -N -U ${quote(resolve(formatAddress(address)))}`;
  const [host, port, , scopeId = 0] = address;
  const zone = scopeId === 0 ? "" : `%${scopeId}`;
  return `nc ${protocol === "udp" ? "-u -w1" : "-N"} ${LOOPBACK[host] ?? host}${zone} ${port}`;
}

/** Writes a word so that a shell takes it as it is. */
function quote(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
