/**
 * The well-known services: their names and ports.
 *
 * A table of its own and not the system's `/etc/services`, so that a program finds the same port on every platform.
 *
 * @module
 */

import { OSError } from "../errors.js";
import { checkPort } from "./address.js";

/** The protocol under a service, as it is written in `/etc/services`. */
export type ServiceProtocol = "tcp" | "udp";

/** A service: its name, its port, and what it is spoken over. */
export type Service = readonly [name: string, port: number, protocols: readonly ServiceProtocol[]];

const tcp: readonly ServiceProtocol[] = ["tcp"];
const udp: readonly ServiceProtocol[] = ["udp"];
const both: readonly ServiceProtocol[] = ["tcp", "udp"];

/**
 * Names and ports from IANA's registry of service names; the protocols are those that the service is really spoken over
 * (the registry reserves most ports for both). Where a port has two names, the usual one stands first.
 */
const services: readonly Service[] = [
  ["echo", 7, both],
  ["discard", 9, both],
  ["systat", 11, tcp],
  ["daytime", 13, both],
  ["qotd", 17, both],
  ["chargen", 19, both],
  ["ftp-data", 20, tcp],
  ["ftp", 21, tcp],
  ["ssh", 22, tcp],
  ["telnet", 23, tcp],
  ["smtp", 25, tcp],
  ["time", 37, both],
  ["nameserver", 42, both],
  ["whois", 43, tcp],
  ["nicname", 43, tcp],
  ["tacacs", 49, both],
  ["domain", 53, both],
  ["bootps", 67, udp],
  ["bootpc", 68, udp],
  ["tftp", 69, udp],
  ["gopher", 70, tcp],
  ["finger", 79, tcp],
  ["http", 80, tcp],
  ["kerberos", 88, both],
  ["pop3", 110, tcp],
  ["sunrpc", 111, both],
  ["auth", 113, tcp],
  ["sqlserv", 118, tcp],
  ["nntp", 119, tcp],
  ["ntp", 123, udp],
  ["netbios-ns", 137, udp],
  ["netbios-dgm", 138, udp],
  ["netbios-ssn", 139, tcp],
  ["imap", 143, tcp],
  ["snmp", 161, both],
  ["snmptrap", 162, both],
  ["bgp", 179, tcp],
  ["irc", 194, both],
  ["ldap", 389, both],
  ["https", 443, both],
  ["microsoft-ds", 445, tcp],
  ["submissions", 465, tcp],
  ["exec", 512, tcp],
  ["login", 513, tcp],
  ["who", 513, udp],
  ["shell", 514, tcp],
  ["syslog", 514, udp],
  ["printer", 515, tcp],
  ["talk", 517, udp],
  ["ntalk", 518, udp],
  ["rtsp", 554, both],
  ["submission", 587, tcp],
  ["ipp", 631, tcp],
  ["ldaps", 636, tcp],
  ["rsync", 873, tcp],
  ["ftps-data", 989, tcp],
  ["ftps", 990, tcp],
  ["telnets", 992, tcp],
  ["imaps", 993, tcp],
  ["pop3s", 995, tcp],
  ["socks", 1080, tcp],
  ["openvpn", 1194, both],
  ["radius", 1812, udp],
  ["mqtt", 1883, tcp],
  ["nfs", 2049, both],
  ["mysql", 3306, tcp],
  ["svn", 3690, tcp],
  ["sip", 5060, both],
  ["sips", 5061, both],
  ["xmpp-client", 5222, tcp],
  ["xmpp-server", 5269, tcp],
  ["mdns", 5353, udp],
  ["postgresql", 5432, tcp],
  ["amqp", 5672, tcp],
  ["redis", 6379, tcp],
  ["ircs-u", 6697, tcp],
  ["http-alt", 8080, tcp],
  ["secure-mqtt", 8883, tcp],
  ["git", 9418, tcp],
];

/** The services that this package knows by itself, in the order of their ports. */
export function wellKnownServices(): readonly Service[] {
  return services;
}

function findService(proto: ServiceProtocol | undefined, isIt: (service: Service) => boolean): Service | undefined {
  const speaks = ([, , protocols]: Service): boolean => proto === undefined || protocols.includes(proto);
  return services.find((service) => isIt(service) && speaks(service));
}

function notFound(action: string, proto: ServiceProtocol | undefined, detail: string, syscall: string): OSError {
  const over = proto === undefined ? "" : ` over ${proto}`;
  return new OSError(`Cannot find ${action}${over}: ${detail} (EAI_SERVICE)`, { code: "EAI_SERVICE", syscall });
}

/**
 * The port of a well-known service, or `undefined`.
 *
 * @internal
 */
export function findServicePort(name: string, proto?: ServiceProtocol): number | undefined {
  return findService(proto, (service) => service[0] === name)?.[1];
}

/**
 * The name of the well-known service at a port, or `undefined`.
 *
 * @internal
 */
export function findServiceName(port: number, proto?: ServiceProtocol): string | undefined {
  return findService(proto, (service) => service[1] === port)?.[0];
}

/**
 * Tells the port of a well-known service. Source: Python's `socket.getservbyname`.
 *
 * @param name the service's name in lower case, such as `"http"`.
 * @param proto `"tcp"` or `"udp"`; either, when it is left out.
 * @returns the port.
 * @throws OSError (`EAI_SERVICE`) naming the service, when it is not in the table of this package.
 * @example
 * ```ts
 * getservbyname("domain", "udp"); // 53
 * ```
 */
export function getservbyname(name: string, proto?: ServiceProtocol): number {
  const port = findServicePort(name, proto);
  if (port === undefined) {
    throw notFound(`the service "${name}"`, proto, "service/proto not found", "getservbyname");
  }
  return port;
}

/**
 * Tells the name of the well-known service at a port. Source: Python's `socket.getservbyport`.
 *
 * @param port a whole number from 0 to 65535.
 * @param proto `"tcp"` or `"udp"`; either, when it is left out.
 * @returns the service's name.
 * @throws OSError (`EAI_SERVICE`) naming the port, when no service in the table of this package has it.
 * @throws RangeError naming the port, when it is not such a number.
 * @example
 * ```ts
 * getservbyport(514, "udp"); // "syslog"
 * ```
 */
export function getservbyport(port: number, proto?: ServiceProtocol): string {
  const name = findServiceName(checkPort(port), proto);
  if (name === undefined) {
    throw notFound(`the service at port ${port}`, proto, "port/proto not found", "getservbyport");
  }
  return name;
}
