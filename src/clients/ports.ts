/**
 * {@link findPorts}: which ports there are, what they are for, and who gives them out.
 *
 * @module
 */

import { checkPort } from "../core/address/address.js";
import { getservbyname, type ServiceProtocol, wellKnownServices } from "../core/address/services.js";

/** One of the three parts that IANA has divided the ports into (RFC 6335). */
export interface PortRange {
  readonly name: "well-known" | "registered" | "dynamic";
  readonly first: number;
  readonly last: number;
  /** Whose they are. */
  readonly meaning: string;
}

/** The three ranges, which together are all ports. */
export const portRanges: readonly [PortRange, PortRange, PortRange] = [
  { name: "well-known", first: 0, last: 1023, meaning: "given out by IANA; to listen there may take privileges" },
  { name: "registered", first: 1024, last: 49_151, meaning: "registered with IANA; anybody may listen there" },
  { name: "dynamic", first: 49_152, last: 65_535, meaning: "nobody's: for clients, and whatever is there for a while" },
];

/** The range that a port is in. @throws RangeError naming the port, when it is not a whole number from 0 to 65535 */
export function portRangeOf(port: number): PortRange {
  checkPort(port);
  const [wellKnown, registered, dynamic] = portRanges;
  return port <= wellKnown.last ? wellKnown : port <= registered.last ? registered : dynamic;
}

/** A port, and a service that has it. */
export interface PortInformation {
  readonly port: number;
  /** The service's name; `null` where the table of this package has none for the port. */
  readonly name: string | null;
  /** What the service is spoken over. */
  readonly protocols: readonly ServiceProtocol[];
  readonly range: PortRange["name"];
}

/**
 * Tells about ports: all those of well-known services, those of one service, or one port.
 *
 * @param query the name of a service, or a port.
 * @returns at least one, in the order of the ports. Of a port that no service has, the range alone is told.
 * @throws OSError (`EAI_SERVICE`) naming the service, when it is not in the table of this package; RangeError for a number
 *   that is no port.
 * @example
 * ```ts
 * findPorts("http"); // [{ port: 80, name: "http", protocols: ["tcp"], range: "well-known" }]
 * ```
 */
export function findPorts(query?: string | number): PortInformation[] {
  if (query === undefined) return informationOf(() => true);
  if (typeof query === "string" && !/^\d+$/.test(query)) {
    // It throws for a service that there is not.
    getservbyname(query);
    return informationOf((name) => name === query);
  }
  const port = checkPort(Number(query));
  const found = informationOf((_name, one) => one === port);
  return found.length > 0 ? found : [{ port, name: null, protocols: [], range: portRangeOf(port).name }];
}

function informationOf(isWanted: (name: string, port: number) => boolean): PortInformation[] {
  return wellKnownServices()
    .filter(([name, port]) => isWanted(name, port))
    .map(([name, port, protocols]) => ({ port, name, protocols, range: portRangeOf(port).name }));
}
