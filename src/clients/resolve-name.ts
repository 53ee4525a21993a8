/**
 * {@link resolveName}: every address of a name, and the names of an address.
 *
 * @module
 */

import { getaddrinfo, gethostbyaddr, getnameinfo } from "../core/address/names.js";
import { AF_INET6, AF_UNSPEC, NI_NUMERICHOST, NI_NUMERICSERV, SOCK_STREAM } from "../core/constants.js";
import { HError } from "../core/errors.js";

/** An address that a name has. */
export interface ResolvedAddress {
  readonly family: "IPv4" | "IPv6";
  /** With the zone of a link-local address: `fe80::1%eth0`. */
  readonly address: string;
  /** The name that the resolver has for the address, which need not be the one that was asked for; `null` where it has none. */
  readonly name: string | null;
}

/**
 * Finds the addresses of a name, of both families, and the name that each of them has in turn.
 *
 * @param name a name, or an address, which is then the only one.
 * @returns at least one address, in the system's order of preference.
 * @throws GaiError naming the name, when it has no address, or its zone does not exist.
 * @example
 * ```ts
 * await resolveName("localhost"); // [{ family: "IPv4", address: "127.0.0.1", name: "localhost" }, …]
 * ```
 */
export async function resolveName(name: string): Promise<ResolvedAddress[]> {
  const answers = await getaddrinfo(name, null, AF_UNSPEC, SOCK_STREAM);
  return Promise.all(
    answers.map(async ([family, , , , address]) => ({
      family: family === AF_INET6 ? ("IPv6" as const) : ("IPv4" as const),
      address: (await getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV))[0],
      name: await nameOf(address[0]),
    })),
  );
}

async function nameOf(address: string): Promise<string | null> {
  try {
    return (await gethostbyaddr(address))[0];
  } catch (error) {
    if (error instanceof HError) return null;
    throw error;
  }
}
