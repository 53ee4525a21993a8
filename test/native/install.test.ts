/** The install script where it compiles nothing. Where it does: install.slow.test.ts. */

import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { describeInstalling, install, NO_TOOLS, NODE_WILL_BE_USED, read, root } from "./installing.js";
import { available, ROOT, unlessAvailable } from "./support.js";

const NO_COMPILER =
  "There is no C compiler (cc, gcc or clang). " +
  "Install a C compiler, make and Python 3, and run npm rebuild ts-socketserver.";

describeInstalling("The install script", {}, () => {
  it("says in one line that there is no compiler, leaves the reason, and succeeds", () => {
    expect(install(NO_TOOLS)).toBe(`${NODE_WILL_BE_USED} ${NO_COMPILER}\n`);
    expect(read("build/unavailable.txt")).toBe(`${NO_COMPILER}\n`);
  });

  it("builds nothing when SOCKETSERVER_TRANSPORT=node", () => {
    const reason =
      "SOCKETSERVER_TRANSPORT=node was set when the package was installed. Run npm rebuild ts-socketserver without it.";
    expect(install({ SOCKETSERVER_TRANSPORT: "node" })).toBe(`${NODE_WILL_BE_USED} ${reason}\n`);
    expect(read("build/unavailable.txt")).toBe(`${reason}\n`);
  });

  it("succeeds where it may not write", () => {
    writeFileSync(join(root, "build"), "a file where the directory should be");
    expect(install(NO_TOOLS)).toContain("There is no C compiler");
  });

  describe.skipIf(!available)(`with a prebuilt addon${unlessAvailable}`, () => {
    beforeEach(() => {
      const directory = join(root, "prebuilds", `linux-${process.arch}`);
      mkdirSync(directory, { recursive: true });
      cpSync(createRequire(import.meta.url)("node-gyp-build").resolve(ROOT), join(directory, "ts-socketserver.node"));
    });

    it("has nothing to do", () => {
      expect(install(NO_TOOLS)).toBe("");
      expect(existsSync(join(root, "build"))).toBe(false);
    });

    it("builds when told to", () => {
      expect(install(NO_TOOLS, "--build")).toContain("There is no C compiler");
    });

    it("builds when that one doesn't load", () => {
      writeFileSync(join(root, "prebuilds", `linux-${process.arch}`, "ts-socketserver.node"), "for another system");
      expect(install(NO_TOOLS)).toContain("There is no C compiler");
    });
  });
});
