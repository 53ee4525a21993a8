/**
 * Makes what a caller gave as an address into one that a system call takes.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { type AddressFamily, AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC } from "../constants.js";
import { codeOf, GaiError, strerror } from "../errors.js";
import { type Address, checkPort, familyOf, type InetAddress, isInetAddress } from "./address.js";
import { inetNtoa, parseIPv4 } from "./inet.js";

/** A family of IP addresses. */
export type InetFamily = typeof AF_INET | typeof AF_INET6;
/** A host as an address of its family. */
export type Host = readonly [family: InetFamily, address: string];

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

/** Reads a host that needs no look-up; `undefined` where it is a name. */
export function readNumericHost(host: string): Host | undefined {
  // The order is that of frequency: this stands in the way of every bind, connect and sendto.
  if (isIPv4(host)) return [AF_INET, host];
  if (isIPv6(host)) return [AF_INET6, host];
  if (host === "<broadcast>") return [AF_INET, "255.255.255.255"];
  const packed = parseIPv4(host);
  return packed && [AF_INET, inetNtoa(packed)];
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
 * The zone of an IPv6 address (`fe80::1%eth0`) stays in the host.
 *
 * @param address what the caller of the socket gave.
 * @param family the socket's family; with `AF_UNSPEC` the address decides.
 * @returns the same address with a numeric host, or a promise of it.
 * @throws TypeError naming the address, when its form is not that of the family.
 * @throws RangeError naming the port, when it is not a whole number from 0 to 65535.
 * @throws GaiError (thrown or rejected with) naming the host, when it is of the other family or cannot be resolved.
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
    if (!isInetAddress(address)) return address;
    throw new TypeError(
      `Cannot use ${JSON.stringify(address)} as an address of AF_UNIX: write a path, such as "/run/app.sock".`,
    );
  }
  if (!isInetAddress(address) || typeof address[0] !== "string") {
    const form = `[host, port], such as ["${wanted === AF_INET ? "127.0.0.1" : "::1"}", 9999]`;
    throw new TypeError(
      `Cannot use ${JSON.stringify(address)} as an address of ${familyNames[wanted]}: write ${form}.`,
    );
  }
  const host = address[0];
  checkPort(address[1]);
  const known = host === "" ? ownAddress(wanted, passive) : readNumericHost(host);
  if (known === undefined) return lookUp(host, wanted).then(([[, found]]) => withHost(address, found));
  if (known[0] !== wanted) {
    const right = familyNames[known[0]];
    const remedy = `For a server set addressFamily = ${right}; else open the socket with ${right}`;
    throw wrongFamily(host, wanted, remedy);
  }
  return known[1] === host ? address : withHost(address, known[1]);
}

function withHost([, ...rest]: InetAddress, host: string): InetAddress {
  return [host, ...rest];
}
