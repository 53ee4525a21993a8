/**
 * The catalogue of the bundled servers, from which the command, its help and the tests are made.
 *
 * @module
 */

import { chargen } from "./chargen.js";
import { daytime } from "./daytime.js";
import type { BundledServer } from "./description.js";
import { discard } from "./discard.js";
import { echo } from "./echo.js";
import { greet } from "./greet.js";
import { http } from "./http/server.js";
import { json } from "./json/server.js";
import { name } from "./name.js";
import { objects } from "./objects/server.js";
import { proxy } from "./proxy.js";
import { qotd } from "./qotd.js";
import { respond } from "./respond.js";
import { time } from "./time.js";
import { upper } from "./upper.js";

/** The descriptions of all bundled servers, in the order of their names. */
export const bundledServers: readonly BundledServer[] = [
  chargen,
  daytime,
  discard,
  echo,
  greet,
  http,
  json,
  name,
  objects,
  proxy,
  qotd,
  respond,
  time,
  upper,
];
