/**
 * The catalogue of the bundled servers, from which the command, its help and the tests are made.
 *
 * @module
 */

import type { BundledServer } from "./bundled-server.js";
import { echo } from "./echo.js";
import { greet } from "./greet.js";
import { upper } from "./upper.js";

/** The descriptions of all bundled servers, in the order of their names. */
export const bundledServers: readonly BundledServer[] = [echo, greet, upper];
