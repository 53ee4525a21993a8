/**
 * From names to addresses and back, through the system's resolver, so that `/etc/hosts` counts.
 *
 * @module
 */

import { lookupService } from "node:dns/promises";
import { hostname } from "node:os";
import {
  type AddressFamily,
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NI_DGRAM,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type SocketKind,
} from "../constants.js";
import { codeOf, type GaiError, HError, strerror } from "../errors.js";
import { checkPort, type InetAddress } from "./address.js";
import { inetNtop, inetPton } from "./inet.js";
import {
  checkForm,
  familyNames,
  gaiError,
  type Host,
  type InetFamily,
  lookUp,
  ownAddress,
  readNumericHost,
  unknownHost,
  withHost,
  wrongFamily,
} from "./resolve.js";
import { findServiceName, findServicePort, type ServiceProtocol } from "./services.js";
import { withZone } from "./zones.js";

/** One answer of {@link getaddrinfo}: what to open a socket with, and the address to bind or connect it to. */
export type AddressInformation = readonly [
  family: InetFamily,
  type: SocketKind,
  proto: number,
  canonname: string,
  address: InetAddress,
];

function notNumeric(host: string, taker: string): GaiError {
  return gaiError(`resolve "${host}"`, `${taker} takes a numeric address only`, "ENOTFOUND");
}

/** The kinds of socket that an address can be for. A raw one has to be asked for, and has no services. */
const kinds: readonly { type: SocketKind; proto: number; over?: ServiceProtocol }[] = [
  { type: SOCK_STREAM, proto: IPPROTO_TCP, over: "tcp" },
  { type: SOCK_DGRAM, proto: IPPROTO_UDP, over: "udp" },
  { type: SOCK_RAW, proto: 0 },
];

/** The kinds of socket that were asked for, each with its port: a service may have another one over UDP, or none. */
function findKinds(port: number | string | null, type: SocketKind | 0, proto: number, flags: number) {
  const asked = kinds.filter((kind) =>
    kind.type === SOCK_RAW ? type === SOCK_RAW : [0, kind.type].includes(type) && [0, kind.proto].includes(proto),
  );
  if (asked.length === 0) {
    throw gaiError(
      `resolve for the socket type ${type} with the protocol ${proto}`,
      strerror("EAI_SOCKTYPE"),
      "EAI_SOCKTYPE",
    );
  }
  const text = String(port ?? 0).trim();
  if (typeof port === "number" || /^\d*$/.test(text)) {
    const number = checkPort(Number(text));
    return asked.map((kind) => ({ ...kind, proto: kind.proto || proto, port: number }));
  }
  const found = asked.flatMap((kind) => {
    const number = kind.over && (flags & AI_NUMERICSERV) === 0 ? findServicePort(text, kind.over) : undefined;
    return number === undefined ? [] : [{ ...kind, port: number }];
  });
  if (found.length > 0) return found;
  const detail = (flags & AI_NUMERICSERV) === 0 ? strerror("EAI_SERVICE") : "AI_NUMERICSERV takes a port number only";
  throw gaiError(`resolve the service "${text}"`, detail, "EAI_SERVICE");
}

/** The addresses of a host for {@link getaddrinfo}. */
async function findHosts(host: string, family: InetFamily | typeof AF_UNSPEC, flags: number): Promise<readonly Host[]> {
  if (host === "") {
    const passive = (flags & AI_PASSIVE) !== 0;
    // In the order of the C library: a client prefers IPv6, a server that binds only the first one gets IPv4.
    const order: InetFamily[] = passive ? [AF_INET, AF_INET6] : [AF_INET6, AF_INET];
    return order.filter((one) => [AF_UNSPEC, one].includes(family)).map((one) => ownAddress(one, passive));
  }
  // "<broadcast>" is a word of bind() and connect(); here it is a name like any other.
  const numeric = host === "<broadcast>" ? undefined : readNumericHost(host);
  if (numeric !== undefined) {
    if (family === AF_UNSPEC || numeric[0] === family) return [numeric];
    throw wrongFamily(host, family, `Ask for ${familyNames[numeric[0]]} or AF_UNSPEC`);
  }
  if ((flags & AI_NUMERICHOST) === 0) return lookUp(host, family);
  throw notNumeric(host, "AI_NUMERICHOST");
}

/**
 * Finds the addresses of a host and service, ready to open a socket with. Source: Python's `socket.getaddrinfo`.
 *
 * With `type` 0 each address comes twice, for `SOCK_STREAM` and for `SOCK_DGRAM`; `SOCK_RAW` has to be asked for.
 * The zone of an IPv6 address (`fe80::1%eth0`) becomes its scope id, and the host comes in its shortest form.
 *
 * @param host a name or a numeric address; `null` or `""` is this machine: every interface with the flag `AI_PASSIVE`,
 *   else loopback.
 * @param port a port number, the name of a service, or `null` for the port 0.
 * @param family `AF_INET`, `AF_INET6` or `AF_UNSPEC` for both.
 * @param type a kind of socket, or 0 for streams and datagrams.
 * @param proto a protocol number, or 0 for the usual one.
 * @param flags any of `AI_PASSIVE`, `AI_CANONNAME` (the first answer carries the host's name as it was asked for),
 *   `AI_NUMERICHOST` and `AI_NUMERICSERV`, added up; others are ignored.
 * @returns at least one `[family, type, proto, canonname, address]`, in the system's order of preference. The address
 *   is `[host, port]`, and for IPv6 `[host, port, 0, scopeId]`, the last 0 where there is no zone.
 * @throws GaiError naming the host, service or family that cannot be resolved, also for a zone that does not exist.
 * @throws RangeError naming the port, when it is not a whole number from 0 to 65535.
 * @example
 * ```ts
 * await getaddrinfo("127.0.0.1", "http", AF_UNSPEC, SOCK_STREAM);
 * // [[AF_INET, SOCK_STREAM, IPPROTO_TCP, "", ["127.0.0.1", 80]]]
 * ```
 */
export async function getaddrinfo(
  host: string | null,
  port: number | string | null,
  family: AddressFamily = AF_UNSPEC,
  type: SocketKind | 0 = 0,
  proto = 0,
  flags = 0,
): Promise<AddressInformation[]> {
  if (family !== AF_UNSPEC && family !== AF_INET && family !== AF_INET6) {
    throw gaiError(`resolve for the address family ${family}`, strerror("EAI_FAMILY"), "EAI_FAMILY");
  }
  if (host === null && port === null) throw gaiError("resolve", "neither a host nor a port was given", "ENOTFOUND");
  const found = findKinds(port, type, proto, flags);
  const hosts = await findHosts(host ?? "", family, flags);
  const answers = hosts.flatMap(([hostFamily, address, scopeId = 0]) =>
    found.map((kind) => {
      const full: InetAddress =
        hostFamily === AF_INET ? [address, kind.port] : [shortest(address), kind.port, 0, scopeId];
      return { hostFamily, kind, full };
    }),
  );
  // Only the first answer carries it, as in C.
  const canonname = (flags & AI_CANONNAME) === 0 ? "" : (host ?? "");
  return answers.map(({ hostFamily, kind, full }, index) => [
    hostFamily,
    kind.type,
    kind.proto,
    index === 0 ? canonname : "",
    full,
  ]);
}

/** An IPv6 address without a zone in the form of RFC 5952. */
function shortest(address: string): string {
  return inetNtop(AF_INET6, inetPton(AF_INET6, address));
}

/**
 * Finds the IPv4 address of a host. Source: Python's `socket.gethostbyname`.
 *
 * @param host a name or a numeric address; `""` is every interface, `"<broadcast>"` 255.255.255.255.
 * @returns the first of the host's addresses.
 * @throws GaiError naming the host, when it has no IPv4 address.
 * @example
 * ```ts
 * await gethostbyname("localhost"); // "127.0.0.1"
 * ```
 */
export async function gethostbyname(host: string): Promise<string> {
  const [, , [first]] = await gethostbynameEx(host);
  return first;
}

/**
 * Finds every IPv4 address of a host. Source: Python's `socket.gethostbyname_ex`.
 *
 * @param host as in {@link gethostbyname}.
 * @returns the host as it was given, its other names (always none: Node's resolver does not tell them), and its
 *   addresses, of which there is at least one.
 * @throws GaiError naming the host, when it has no IPv4 address.
 * @example
 * ```ts
 * await gethostbynameEx("localhost"); // ["localhost", [], ["127.0.0.1"]]
 * ```
 */
export async function gethostbynameEx(
  host: string,
): Promise<[hostname: string, aliases: string[], addresses: [string, ...string[]]]> {
  const numeric = host === "" ? ownAddress(AF_INET, true) : readNumericHost(host);
  if (numeric?.[0] === AF_INET6) throw wrongFamily(host, AF_INET, "Use getaddrinfo() for IPv6");
  const [first, ...rest] = numeric === undefined ? await lookUp(host, AF_INET) : [numeric];
  return [host, [], [first[1], ...rest.map(([, address]) => address)]];
}

/**
 * Finds the name of a host by its address. Source: Python's `socket.gethostbyaddr`.
 *
 * @param host an IPv4 or IPv6 address; a name is resolved first.
 * @returns the host's name, its other names (always none: Node's resolver does not tell them), and its address.
 * @throws HError naming the address, when no name is known for it or it cannot be resolved.
 * @example
 * ```ts
 * await gethostbyaddr("127.0.0.1"); // ["localhost", [], ["127.0.0.1"]]
 * ```
 */
export async function gethostbyaddr(host: string): Promise<[hostname: string, aliases: string[], addresses: string[]]> {
  try {
    const [family, found] = readNumericHost(host) ?? (await lookUp(host, AF_UNSPEC))[0];
    const address = family === AF_INET6 ? shortest(found) : found;
    const answer = await lookupService(address, 0);
    return [answer.hostname, [], [address]];
  } catch (error) {
    const code = codeOf(error) || "ENOTFOUND";
    const detail = code === "ENOTFOUND" ? "unknown host" : strerror(code);
    const message = `Cannot find the name of "${host}": ${detail} (${code})`;
    throw new HError(message, { code, syscall: "gethostbyaddr", cause: error });
  }
}

/**
 * Tells this machine's name. Source: Python's `socket.gethostname`.
 *
 * @returns the name that the system was given; it need not be fully qualified.
 * @example
 * ```ts
 * gethostname(); // "web1"
 * ```
 */
export function gethostname(): string {
  return hostname();
}

/**
 * Tells the fully qualified name of a host. Source: Python's `socket.getfqdn`.
 *
 * @param name a name or an address; `""`, `"0.0.0.0"` and `"::"` are this machine.
 * @returns the name that the resolver has for the host's address; where it has none, the name as it was given (or this
 *   machine's). It never rejects because a host is unknown.
 * @example
 * ```ts
 * await getfqdn(); // "web1.example.org"
 * ```
 */
export async function getfqdn(name = ""): Promise<string> {
  const trimmed = name.trim();
  const host = ["", "0.0.0.0", "::"].includes(trimmed) ? hostname() : trimmed;
  try {
    return (await gethostbyaddr(host))[0];
  } catch (error) {
    if (error instanceof HError) return host;
    throw error;
  }
}

/**
 * Finds the names of a host and service by their address. Source: Python's `socket.getnameinfo`.
 *
 * @param address a numeric host and a port; for IPv6 also the flow label and the scope id, or a zone in the host.
 * @param flags any of {@link NI_NUMERICHOST}, {@link NI_NUMERICSERV}, {@link NI_NAMEREQD} and {@link NI_DGRAM},
 *   added up.
 * @returns the host's name and the service's; the numeric address (with its zone: `fe80::1%eth0`) or the port number where
 *   there is no name.
 * @throws GaiError naming the host, when it is not numeric, its zone does not exist, or it has no name and `NI_NAMEREQD` is set.
 * @throws TypeError, RangeError for an address as `bind()` refuses it.
 * @example
 * ```ts
 * await getnameinfo(["127.0.0.1", 80]); // ["localhost", "http"]
 * ```
 */
export async function getnameinfo(address: InetAddress, flags = 0): Promise<[host: string, service: string]> {
  const [host, port] = address;
  checkPort(port);
  const numeric = readNumericHost(host);
  if (numeric === undefined) throw notNumeric(host, "getnameinfo()");
  checkForm(address, numeric[0]);
  const [bare, , , scopeId = 0] = withHost(address, numeric);
  const full = numeric[0] === AF_INET ? bare : withZone(shortest(bare), scopeId);
  const named = (flags & NI_NUMERICSERV) === 0;
  const service = (named && findServiceName(port, (flags & NI_DGRAM) === 0 ? "tcp" : "udp")) || String(port);
  if ((flags & NI_NUMERICHOST) !== 0) return [full, service];
  try {
    return [(await lookupService(bare, port)).hostname, service];
  } catch (error) {
    if ((flags & NI_NAMEREQD) === 0) return [full, service];
    throw unknownHost(host, AF_UNSPEC, error);
  }
}
