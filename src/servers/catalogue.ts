/**
 * The catalogue of the bundled servers, from which the command, its help and the tests are made.
 *
 * @module
 */

import { chargenServer } from "./chargen.js";
import { daytimeServer } from "./daytime.js";
import type { BundledServer } from "./description.js";
import { discardServer } from "./discard.js";
import { echoServer } from "./echo.js";
import { greetServer } from "./greet.js";
import { httpServer } from "./http/server.js";
import { jsonServer } from "./json/server.js";
import { nameServer } from "./name.js";
import { objectsServer } from "./objects/server.js";
import { proxyServer } from "./proxy.js";
import { qotdServer } from "./qotd.js";
import { respondServer } from "./respond.js";
import { timeServer } from "./time.js";
import { upperServer } from "./upper.js";

/** The descriptions of all bundled servers, in the order of their names. */
export const bundledServers: readonly BundledServer[] = [
  chargenServer,
  daytimeServer,
  discardServer,
  echoServer,
  greetServer,
  httpServer,
  jsonServer,
  nameServer,
  objectsServer,
  proxyServer,
  qotdServer,
  respondServer,
  timeServer,
  upperServer,
];
