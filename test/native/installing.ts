/**
 * Running the install script in a copy of what it needs: what install.test.ts and install.slow.test.ts have in common.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, type TestOptions } from "vitest";
import { ROOT } from "./support.js";

/** A copy of what the install script needs, fresh in each test of {@link describeInstalling}. */
export let root: string;

/** Tests of the script: a `describe`, which is skipped where the addon is never built. */
export function describeInstalling(title: string, options: TestOptions, tests: () => void): void {
  describe.skipIf(process.platform !== "linux")(`${title} (Linux only)`, options, () => {
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), "socketserver-install-"));
      cpSync(join(ROOT, "native"), join(root, "native"), { recursive: true });
      for (const file of ["binding.gyp", "package.json"]) cpSync(join(ROOT, file), join(root, file));
      symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    });

    afterEach(() => {
      rmSync(root, { recursive: true });
    });

    tests();
  });
}

/** Runs the script with other environment variables. @returns what it prints, given that it succeeds. */
export function install(environment: Readonly<Record<string, string>>, ...parameters: readonly string[]): string {
  const { SOCKETSERVER_TRANSPORT: _, TS_SOCKETSERVER_PREBUILD: __, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["native/install.mjs", ...parameters], {
    cwd: root,
    env: { ...inherited, ...environment },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

/** A file of the copy. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** How the script begins where it builds nothing. */
export const NODE_WILL_BE_USED = "ts-socketserver: Node's own sockets will be used, as there is no native transport.";
/** Environment variables with which no compiler is found. */
export const NO_TOOLS = { PATH: "/no/such/directory", CC: "" };
