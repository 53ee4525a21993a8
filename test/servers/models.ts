/**
 * The bundled servers that are tested alike, and the models in which they are.
 *
 * @module
 */

import { capabilities } from "ts-socketserver";
import type { BundledServer, ModelName } from "ts-socketserver/servers";

/** Why a server of streams cannot run in a model here, in brackets; `""` where it can. */
export function whyNot(model: ModelName): string {
  if (model !== "threading" || capabilities().descriptors) return "";
  return " (skipped: connections go to threads by the native transport alone)";
}

/** Whether a server answers its example by itself. What needs another one, or options without an example, has its own tests. */
export function isReady({ example: { prerequisite }, options = [] }: BundledServer): boolean {
  return (
    prerequisite === undefined && !options.some(({ required = false, example }) => required && example === undefined)
  );
}
