/**
 * Free endpoints for tests.
 *
 * @module
 */

import { AF_INET, AF_UNIX } from "ts-socketserver";
import type { Endpoint, Protocol } from "../../dist/cli/endpoint.js";
import { temporaryPath } from "../support/temporary-path.js";

/** An endpoint at which nobody listens: port 0, or a new path. */
export function endpointFor(protocol: Protocol): Endpoint {
  if (protocol === "unix") return { protocol, address: temporaryPath(), addressFamily: AF_UNIX };
  return { protocol, address: ["127.0.0.1", 0], addressFamily: AF_INET };
}
