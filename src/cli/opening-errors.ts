/**
 * What to do when a server cannot be opened.
 *
 * @module
 */

import { dirname } from "node:path";
import { formatAddress, isInetAddress } from "../core/address/address.js";
import { GaiError, OSError } from "../core/errors.js";
import type { Endpoint } from "./endpoint.js";
import { CommandError } from "./errors.js";

/** Adds to a system's error what the user can do about it. Other errors, which are bugs, are returned as they are. */
export function explainOpening(error: unknown, endpoint: Endpoint): unknown {
  if (!(error instanceof OSError)) return error;
  const remedy = remedyFor(error, endpoint);
  return new CommandError([`${error.message}.`, ...remedy].join(" "), { cause: error });
}

function remedyFor(error: OSError, { protocol, address }: Endpoint): string[] {
  if (error instanceof GaiError) return ["Give the host as an address, such as 127.0.0.1 or [::1]."];
  const inet = isInetAddress(address) ? address : null;
  const withPort = (port: number): string =>
    inet === null ? "" : `--${protocol} ${inet[0] === "" ? `:${port}` : formatAddress([inet[0], port])}`;
  switch (error.code) {
    case "EADDRINUSE":
      return inet === null
        ? ["A server listens there, or the file is not a socket. Choose another path."]
        : [`Choose another port, or let ${withPort(0)} take a free one.`];
    case "EACCES":
    case "EPERM":
      return inet === null
        ? ["Choose a directory that you may write to."]
        : [`Ports below 1024 may take privileges: choose a higher one, such as ${withPort(9999)}.`];
    case "EADDRNOTAVAIL":
      return ["Choose an address of this machine, such as 127.0.0.1, or none for every interface, such as :9999."];
    case "ENOENT":
      return inet === null
        ? [`There is no directory "${dirname(String(address))}": make it, or choose another path.`]
        : [];
    case "ENAMETOOLONG":
      return ["The system allows a socket's path about 100 bytes: choose a shorter one."];
    default:
      return [];
  }
}
