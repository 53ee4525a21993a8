/**
 * Whether a module is the program, or was imported by one.
 *
 * @module
 */

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";

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
    return realpathSync(fileURLToPath(moduleUrl)) === realpathSync(resolveProgram(program));
  } catch {
    // The program is no file (node --eval, a bundle in memory): then no module of its own is it.
    return false;
  }
}

/** Node lets the program's name stand without its ending. */
function resolveProgram(program: string): string {
  for (const ending of ["", ".js", ".mjs", ".ts", ".mts"]) {
    try {
      return realpathSync(program + ending);
    } catch {
      // Not this one.
    }
  }
  return program;
}
