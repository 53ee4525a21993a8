/**
 * The models in which the bundled servers are tested.
 *
 * @module
 */

import { capabilities } from "ts-socketserver";
import type { ModelName } from "ts-socketserver/servers";

/** Why a server of streams cannot run in a model here, in brackets; `""` where it can. */
export function whyNot(model: ModelName): string {
  if (model !== "threading" || capabilities().descriptors) return "";
  return " (skipped: connections go to threads by the native transport alone)";
}
