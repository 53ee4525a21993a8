/**
 * Makes what a caller gave as an address into one that a system call takes.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { type AddressFamily, AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC } from "../constants.js";
import { codeOf, GaiError, strerror } from "../errors.js";
import {
  type Address,
  checkIPv6Parts,
  checkPort,
  familyOf,
  formatAddress,
  type InetAddress,
  isInetAddress,
} from "./address.js";
import { inetNtoa, parseIPv4 } from "./inet.js";
import { checkUnixAddress } from "./unix.js";
import { isIPv6Host, scopeIdOf, splitZone, takesName } from "./zones.js";

/** A family of IP addresses. */
export type InetFamily = typeof AF_INET | typeof AF_INET6;
/** A host as an address of its family, without a zone; and the number of the zone, where it had one. */
export type Host = readonly [family: InetFamily, address: string, scopeId?: number | undefined];

const familyLabels: Readonly<Record<AddressFamily, string>> = {
  [AF_INET]: "IPv4 ",
  [AF_INET6]: "IPv6 ",
  [AF_UNIX]: "",
  [AF_UNSPEC]: "",
};

/** The families' names in a program. */
export const familyNames: Readonly<Record<AddressFamily, string>> = {
  [AF_INET]: "AF_INET",
  [AF_INET6]: "AF_INET6",
  [AF_UNIX]: "AF_UNIX",
  [AF_UNSPEC]: "AF_UNSPEC",
};

/** The address that an empty host stands for. */
export function ownAddress(family: InetFamily, passive: boolean): Host {
  if (family === AF_INET) return [AF_INET, passive ? "0.0.0.0" : "127.0.0.1"];
  return [AF_INET6, passive ? "::" : "::1"];
}

/** Reads a host that needs no look-up; `undefined` where it is a name. @throws GaiError for a zone that does not exist */
export function readNumericHost(host: string): Host | undefined {
  // The order is that of frequency: this stands in the way of every bind, connect and sendto.
  if (isIPv4(host)) return [AF_INET, host];
  const [bare, zone] = splitZone(host);
  if (zone !== null) return [AF_INET6, bare, findZone(host, bare, zone)];
  if (isIPv6(host)) return [AF_INET6, host];
  if (host === "<broadcast>") return [AF_INET, "255.255.255.255"];
  const packed = parseIPv4(host);
  return packed && [AF_INET, inetNtoa(packed)];
}

function findZone(host: string, bare: string, zone: string): number {
  const scopeId = scopeIdOf(bare, zone);
  if (scopeId !== undefined) return scopeId;
  const why = takesName(bare)
    ? `this machine has no interface "${zone}" with IPv6`
    : "only a link-local address takes the name of an interface, others take its number";
  throw gaiError(`use "${host}"`, why, "ENOTFOUND");
}

/** The error for a name that cannot be resolved. */
export function gaiError(action: string, detail: string, code: string, cause?: unknown): GaiError {
  return new GaiError(`Cannot ${action}: ${detail} (${code})`, { code, syscall: "getaddrinfo", cause });
}

/** The error for a host that has no address of the family. */
export function unknownHost(host: string, family: AddressFamily, error?: unknown): GaiError {
  const code = codeOf(error) || "ENOTFOUND";
  const detail = code === "ENOTFOUND" ? `no ${familyLabels[family]}address is known for this name` : strerror(code);
  return gaiError(`resolve "${host}"`, detail, code, error);
}

/** The error for a numeric address of the other family. */
export function wrongFamily(host: string, family: InetFamily, remedy: string): GaiError {
  const detail = `it is not an ${familyLabels[family]}address. ${remedy}`;
  return gaiError(`use "${host}" with ${familyNames[family]}`, detail, "EAI_ADDRFAMILY");
}

/** Asks the system's resolver; the answers come in its order of preference. */
export async function lookUp(host: string, family: InetFamily | typeof AF_UNSPEC): Promise<readonly [Host, ...Host[]]> {
  // C would read the name only up to the NUL, and so find another host than the one that a program has checked.
  if (host === "" || host.includes("\0")) throw unknownHost(host, family);
  try {
    const wanted = family === AF_UNSPEC ? 0 : family === AF_INET ? 4 : 6;
    const answers = await lookup(host, { all: true, family: wanted });
    const [first, ...rest] = answers.map((answer): Host => [answer.family === 6 ? AF_INET6 : AF_INET, answer.address]);
    if (first === undefined) throw unknownHost(host, family);
    return [first, ...rest];
  } catch (error) {
    throw error instanceof GaiError ? error : unknownHost(host, family, error);
  }
}

/** What {@link resolveAddress} is to resolve for. */
export interface ResolveOptions {
  /** Whether the address is to be bound to: the host `""` is then every interface, else this machine's loopback. */
  readonly passive?: boolean;
}

/**
 * Makes the address of a `bind()`, `connect()` or `sendto()` one that a system call takes.
 *
 * A numeric address comes back at once (and not as a promise), so that a datagram costs no look-up; so do the hosts
 * `""` and `"<broadcast>"`, the short forms of IPv4 (`127.1`) and the path of a Unix socket. A name is looked up.
 * The zone of an IPv6 address (`fe80::1%eth0`, `fe80::1%2`) becomes its scope id.
 *
 * @param address what the caller of the socket gave.
 * @param family the socket's family; with `AF_UNSPEC` the address decides.
 * @returns the same address with a numeric host, or a promise of it. A Unix address comes back as text where it is UTF-8.
 * @throws TypeError naming the address, when its form is not that of the family.
 * @throws RangeError naming the value, when the port, the flow label or the scope id is out of range; also for two zones, and
 *   for a path with a zero byte in it.
 * @throws GaiError (thrown or rejected with) naming the host, when it is of the other family or cannot be resolved, or its
 *   zone does not exist.
 * @throws an error with the code `ENAMETOOLONG` for a path that is too long; the caller puts the action into words.
 * @example
 * ```ts
 * resolveAddress(["", 80], AF_INET, { passive: true }); // ["0.0.0.0", 80]
 * await resolveAddress(["localhost", 80], AF_INET); // ["127.0.0.1", 80]
 * ```
 */
export function resolveAddress(
  address: Address,
  family: AddressFamily,
  { passive = false }: ResolveOptions = {},
): Address | Promise<Address> {
  const wanted = family === AF_UNSPEC ? familyOf(address) : family;
  if (wanted === AF_UNIX) {
    if (!isInetAddress(address)) return checkUnixAddress(address);
    throw new TypeError(`Cannot use ${show(address)} as an address of AF_UNIX: write a path, such as "/run/app.sock".`);
  }
  checkForm(address, wanted);
  const host = address[0];
  const known = host === "" ? ownAddress(wanted, passive) : readNumericHost(host);
  if (known === undefined) return lookUp(host, wanted).then(([found]) => withHost(address, found));
  if (known[0] !== wanted) {
    const right = familyNames[known[0]];
    const remedy = `For a server set addressFamily = ${right}; else open the socket with ${right}`;
    throw wrongFamily(host, wanted, remedy);
  }
  return known[1] === host ? address : withHost(address, known);
}

/** Checks all of an address but its host. @throws TypeError, RangeError as {@link resolveAddress} */
export function checkForm(address: Address, family: InetFamily): asserts address is InetAddress {
  const isWhole = isInetAddress(address) && Array.isArray(address) && typeof address[0] === "string";
  if (!isWhole || address.length > (family === AF_INET6 ? 4 : 2)) {
    throw new TypeError(
      `Cannot use ${show(address)} as an address of ${familyNames[family]}: ${mend(address, family)}.`,
    );
  }
  checkPort(address[1]);
  if (address.length > 2) checkIPv6Parts(address);
}

/** What to write instead of an address that has not the form of the family. */
function mend(address: Address, family: InetFamily): string {
  const hasIPv6 = Array.isArray(address) && isIPv6Host(address[0]);
  if (family === AF_INET && hasIPv6)
    return "set addressFamily = AF_INET6 for a server, else open the socket with AF_INET6";
  return `write [host, port], such as ["${family === AF_INET ? "127.0.0.1" : "::1"}", 9999]`;
}

/** An address of any form as a program writes it. */
function show(address: Address): string {
  const isWritable = typeof address === "string" || Array.isArray(address);
  return isWritable ? JSON.stringify(address) : formatAddress(address);
}

/**
 * The address with another host, whose zone becomes the scope id.
 *
 * @throws RangeError where the address has two zones.
 */
export function withHost(address: InetAddress, [, host, zone]: Host): InetAddress {
  const [given, ...parts] = address;
  if (zone === undefined) return [host, ...parts];
  const [port, flowInfo = 0, scopeId = 0] = parts;
  if (scopeId !== 0 && scopeId !== zone) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(address)}: the zone of "${given}" has the scope id ${zone}, not ${scopeId}.`,
    );
  }
  return [host, port, flowInfo, zone];
}
