/**
 * IPv6 zones: the network interface that an address belongs to, as a name (`fe80::1%eth0`) and as a number, the scope id.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { AF_INET6 } from "../constants.js";
import { inetPton } from "./inet.js";

/** The greatest scope id: C has 32 bits for it. */
export const MAX_SCOPE_ID = 0xffff_ffff;

/** How long a table is used, in milliseconds: a datagram must not cost one, and interfaces come and go. */
const TABLE_AGE = 1000;

/**
 * What Linux lists of this network namespace: the multicast groups of every interface that is up and has IPv6 (number and name
 * come first), and the addresses (hexadecimal number second, name last). `networkInterfaces()` has only the numbers of interfaces
 * with a link-local address; `lo` has none.
 */
const TABLES: readonly { path: string; entry: RegExp; radix: number }[] = [
  { path: "/proc/net/igmp6", entry: /^(?<index>\d+)\s+(?<name>\S+)/, radix: 10 },
  { path: "/proc/net/if_inet6", entry: /^\S+\s+(?<index>[\da-f]+)\s.*?(?<name>\S+)$/, radix: 16 },
];

/** The interfaces with IPv6, both ways. */
interface ZoneTable {
  readonly readAt: number;
  readonly indexes: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

let table: ZoneTable = { readAt: Number.NEGATIVE_INFINITY, indexes: new Map(), names: new Map() };

function readTable(): ZoneTable {
  const indexes = new Map<string, number>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const address of addresses ?? []) {
      // Of an address that is not link-local the system tells the number 0.
      if (address.family === "IPv6" && address.scopeid !== 0) indexes.set(name, address.scopeid);
    }
  }
  for (const { path, entry, radix } of process.platform === "linux" ? TABLES : []) {
    for (const line of linesOf(path)) {
      const { index, name } = entry.exec(line)?.groups ?? {};
      if (index !== undefined && name !== undefined) indexes.set(name, Number.parseInt(index, radix));
    }
  }
  const names = new Map(Array.from(indexes, ([name, index]) => [index, name]));
  return { readAt: performance.now(), indexes, names };
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Looks something up in the table; in a new one where the table is old, or does not have it. */
function find<Value>(look: (zones: ZoneTable) => Value | undefined): Value | undefined {
  const found = performance.now() - table.readAt < TABLE_AGE ? look(table) : undefined;
  if (found !== undefined) return found;
  table = readTable();
  return look(table);
}

/** The scopes of RFC 4291 whose zone is an interface, and that of all other unicast addresses. */
const INTERFACE_LOCAL = 1;
const LINK_LOCAL = 2;
const GLOBAL = 14;

function scopeOf(host: string): number {
  const [first = 0, second = 0] = inetPton(AF_INET6, host);
  if (first === 0xff) return second & 0x0f;
  return first === 0xfe && (second & 0xc0) === 0x80 ? LINK_LOCAL : GLOBAL;
}

/**
 * The scope id of a zone, as the C library reads it: the name of an interface for an address that is local to a link or to an
 * interface, the number itself for any address.
 *
 * @returns `undefined` where this machine has no such interface with IPv6. Whether a number is one, only the system knows.
 */
export function scopeIdOf(host: string, zone: string): number | undefined {
  const index = takesName(host) ? find(({ indexes }) => indexes.get(zone)) : undefined;
  if (index !== undefined || !/^\d{1,10}$/.test(zone)) return index;
  const number = Number(zone);
  return number <= MAX_SCOPE_ID ? number : undefined;
}

/** Whether the zone of an address may be the name of an interface. */
export function takesName(host: string): boolean {
  const scope = scopeOf(host);
  return scope === LINK_LOCAL || scope === INTERFACE_LOCAL;
}

/** An IPv6 address with its zone, as the C library writes it: the interface's name for a link-local address, else the number. */
export function withZone(host: string, scopeId: number): string {
  if (scopeId === 0) return host;
  const name = scopeOf(host) === LINK_LOCAL ? find(({ names }) => names.get(scopeId)) : undefined;
  return `${host}%${name ?? scopeId}`;
}

/** Takes the zone off a host: `fe80::1%eth0` is `["fe80::1", "eth0"]`. Of any other host it is `null`. */
export function splitZone(host: string): [host: string, zone: string | null] {
  const end = host.indexOf("%");
  if (end < 0 || !isIPv6(host.slice(0, end))) return [host, null];
  return [host.slice(0, end), host.slice(end + 1)];
}

/** Whether a host is an IPv6 address, with or without a zone. `isIPv6()` refuses zones such as `br_lan`. */
export function isIPv6Host(host: string): boolean {
  // A program without types may have given anything.
  return isIPv6(host) || splitZone(String(host))[1] !== null;
}
