/**
 * The version of this package.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** Reads it from `package.json`, which lies two directories up both in `src` and in `dist`. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
