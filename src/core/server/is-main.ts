/**
 * Whether a module is the program, or was imported by one.
 *
 * @module
 */

import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

const require = createRequire(import.meta.url);

/**
 * Whether the module is what Node was started with. Source: Python's `if __name__ == "__main__"`.
 *
 * It is false in worker threads, so a module that defines a handler and starts a server can be imported by both.
 *
 * @param moduleUrl the module's `import.meta.url`.
 * @example
 * ```ts
 * if (isMain(import.meta.url)) await server.serveForever();
 * ```
 */
export function isMain(moduleUrl: string): boolean {
  const program = process.argv[1];
  if (!isMainThread || program === undefined || !moduleUrl.startsWith("file:")) return false;
  try {
    return realpathSync(fileURLToPath(moduleUrl)) === realpathSync(resolveProgram(resolve(program)));
  } catch {
    // The program is no file (node --eval, a bundle in memory): then no module of its own is it.
    return false;
  }
}

/** Node lets a program be named without its ending, or by its folder, and looks it up as `require()` does. */
function resolveProgram(program: string): string {
  for (const ending of ["", ".mjs", ".ts", ".mts"]) {
    try {
      return require.resolve(program + ending);
    } catch {
      // Not this one.
    }
  }
  return program;
}
