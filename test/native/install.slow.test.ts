/** The install script where it compiles, which takes as long as it takes: `npm run test:install`. */

import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeInstalling, install, NO_TOOLS, NODE_WILL_BE_USED, read, root } from "./installing.js";

const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const unlessCompiler = hasCompiler ? "" : " (skipped: there is no C compiler)";

describeInstalling("The install script", { timeout: 300_000 }, () => {
  it.skipIf(!hasCompiler)(`names the compiler's error, and keeps what it said${unlessCompiler}`, () => {
    writeFileSync(join(root, "native", "streams.c"), "#error broken on purpose\n");
    const output = install({});
    expect(output.split("\n")).toHaveLength(2);
    expect(output).toContain(`${NODE_WILL_BE_USED} The addon could not be built: `);
    expect(output).toContain("#error broken on purpose (more in build/install.log).");
    expect(read("build/install.log")).toContain("broken on purpose");
  });

  it.skipIf(!hasCompiler)(`builds, and takes an old reason back${unlessCompiler}`, () => {
    install(NO_TOOLS);
    expect(install({})).toBe("ts-socketserver: the native transport is built.\n");
    expect(existsSync(join(root, "build", "unavailable.txt"))).toBe(false);
    expect(createRequire(import.meta.url)("node-gyp-build").resolve(root)).toContain("socketserver.node");
  });
});
