/**
 * `socketserver resolve`: the addresses of a name, and the names of an address.
 *
 * @module
 */

import type { Command } from "commander";
import { type ResolvedAddress, resolveName } from "../clients/resolve-name.js";
import { explainClientError } from "./errors.js";
import { tableOf, visible } from "./text.js";

/** Adds the command. */
export function addResolveCommand(program: Command): void {
  program
    .command("resolve")
    .description("Tells the addresses of a name, IPv4 and IPv6, and the name that each has in turn.")
    .summary("tells the addresses of a name, and the name of an address")
    .helpGroup("Clients and tools:")
    .argument("<name>", "the name of a host, or an address")
    .option("--json", "as JSON")
    .addHelpText("after", HELP)
    .action(async (name: string, { json = false }: { json?: boolean }) => {
      try {
        const addresses = await resolveName(name);
        process.stdout.write(json ? `${JSON.stringify({ name, addresses }, null, 2)}\n` : describe(addresses));
      } catch (error) {
        throw explainClientError(error);
      }
    });
}

function describe(addresses: readonly ResolvedAddress[]): string {
  return tableOf(
    addresses.map(({ family, address, name }) => [family, address, name === null ? "(no name)" : visible(name)]),
  );
}

const HELP = `
For example:
  socketserver resolve localhost
What comes back, on most machines:
  IPv4  127.0.0.1  localhost
  IPv6  ::1        localhost

The system's resolver is asked, so what stands in /etc/hosts counts. The last
column is the name that it has for the address. The exit code is 1 for a name
without an address.
`;
