/**
 * The options that say where to listen: `--tcp`, `--udp`, `--unix`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { familyOf, parseAddress } from "../core/address.js";
import { AF_UNIX } from "../core/constants.js";
import { CommandError } from "./command-error.js";
import type { Endpoint } from "./endpoint.js";

/** Where a server listens when it is told nothing: only programs of the same machine reach it there. */
export const DEFAULT_ENDPOINT: Endpoint = readInetEndpoint("tcp", "127.0.0.1:9999");

/** The options, as commander hands them over. At most one is there. */
export interface AddressOptions {
  readonly tcp?: Endpoint;
  readonly udp?: Endpoint;
  readonly unix?: Endpoint;
}

/** Adds the options to a command. */
export function addAddressOptions(command: Command): void {
  const options = [
    new Option("--tcp <host:port>", "serve TCP there (default: 127.0.0.1:9999)")
      .argParser((text) => readInetEndpoint("tcp", text))
      .conflicts(["udp", "unix"]),
    new Option("--udp <host:port>", "serve UDP there")
      .argParser((text) => readInetEndpoint("udp", text))
      .conflicts(["tcp", "unix"]),
    new Option("--unix <path>", "serve a Unix socket there").argParser(readUnixEndpoint).conflicts(["tcp", "udp"]),
  ];
  for (const option of options) command.addOption(option.helpGroup("Where it listens (one of these):"));
}

/** Which endpoint the options name. */
export function endpointOf({ tcp, udp, unix }: AddressOptions): Endpoint {
  return tcp ?? udp ?? unix ?? DEFAULT_ENDPOINT;
}

function readInetEndpoint(protocol: "tcp" | "udp", text: string): Endpoint {
  try {
    const address = parseAddress(text);
    return { protocol, address, addressFamily: familyOf(address) };
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(`--${protocol}: ${error.message}`);
    throw error;
  }
}

function readUnixEndpoint(path: string): Endpoint {
  if (path === "") {
    throw new CommandError(`Cannot use "" as --unix: it takes the path of a socket, such as /tmp/app.sock.`);
  }
  return { protocol: "unix", address: path, addressFamily: AF_UNIX };
}
