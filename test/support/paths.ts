/**
 * Where the files are that tests start or read.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The built command. */
export const COMMAND = join(ROOT, "dist/cli/main.js");

/** The compiled programs of docs/ and examples/, in the folders of their sources. */
export const COMPILED_PROGRAMS = join(ROOT, "build/programs");

/** The compiled file of a program. @param source its path from the root, such as `examples/01-create-and-close.ts` */
export function compiledProgram(source: string): string {
  return join(COMPILED_PROGRAMS, source.replace(/\.ts$/, ".js"));
}
