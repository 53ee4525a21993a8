/**
 * `socketserver ports`: the well-known services with their ports, and the three ranges of ports.
 *
 * @module
 */

import type { Command } from "commander";
import { findPorts, type PortInformation, portRanges } from "../clients/ports.js";
import { explainClientError } from "./errors.js";
import { tableOf } from "./text.js";

/** Adds the command. */
export function addPortsCommand(program: Command): void {
  program
    .command("ports")
    .description("Tells the ports of well-known services, what is at a port, and the three ranges of ports.")
    .summary("tells the ports of services, and the ranges of ports")
    .helpGroup("Clients and tools:")
    .argument("[name or number]", "a service, such as http, or a port")
    .option("--json", "as JSON")
    .addHelpText("after", HELP)
    .action((query: string | undefined, { json = false }: { json?: boolean }) => {
      try {
        const ports = findPorts(query);
        if (json) process.stdout.write(`${JSON.stringify({ ranges: portRanges, ports }, null, 2)}\n`);
        else process.stdout.write(query === undefined ? `${describeRanges()}\n${describe(ports)}` : describe(ports));
      } catch (error) {
        throw explainClientError(error);
      }
    });
}

function describeRanges(): string {
  return tableOf(portRanges.map(({ name, first, last, meaning }) => [name, `${first}-${last}`, meaning]));
}

function describe(ports: readonly PortInformation[]): string {
  return tableOf(
    ports.map(({ port, name, protocols, range }) => [
      String(port),
      name ?? "(no well-known service)",
      protocols.join(", "),
      range,
    ]),
  );
}

const HELP = `
For example:
  socketserver ports http
What comes back:
  80  http  tcp  well-known

Without a name or number, all that are known are listed, after the ranges. The
table is this package's own, the same on every system. The exit code is 1 for a
service that is not in it.
`;
