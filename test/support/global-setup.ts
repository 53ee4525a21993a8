/**
 * Runs once before all tests: builds the package that every test imports, and compiles the programs of docs/ and examples/.
 *
 * Tests, their worker threads and child processes, and the command all load `dist/`: the one copy that users get.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { COMPILED_PROGRAMS, ROOT } from "./paths.js";

/** Builds dist/ and the programs. @throws Error when the compiler finds a mistake; it prints which. */
export default function buildOnce(): void {
  const run = (...args: string[]): void => {
    execFileSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  };
  run("scripts/build.mjs");
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  rmSync(COMPILED_PROGRAMS, { recursive: true, force: true });
  run(tsc, "-p", "tsconfig.programs.json");
}
