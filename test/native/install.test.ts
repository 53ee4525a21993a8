import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { available, ROOT, unlessAvailable } from "./support.js";

/** A copy of what the install script needs. */
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "socketserver-install-"));
  cpSync(join(ROOT, "native"), join(root, "native"), { recursive: true });
  for (const file of ["binding.gyp", "package.json"]) cpSync(join(ROOT, file), join(root, file));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs the script with other environment variables. @returns what it prints, given that it succeeds. */
function install(environment: Readonly<Record<string, string>>, ...parameters: readonly string[]): string {
  const { SOCKETSERVER_TRANSPORT: _, TS_SOCKETSERVER_PREBUILD: __, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["native/install.mjs", ...parameters], {
    cwd: root,
    env: { ...inherited, ...environment },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

const NODE_WILL_BE_USED = "ts-socketserver: Node's own sockets will be used, as there is no native transport.";
const NO_COMPILER =
  "There is no C compiler (cc, gcc or clang). " +
  "Install a C compiler, make and Python 3, and run npm rebuild ts-socketserver.";
const NO_TOOLS = { PATH: "/no/such/directory", CC: "" };
const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const unlessCompiler = hasCompiler ? "" : " (skipped: there is no C compiler)";

describe.skipIf(process.platform !== "linux")("The install script (Linux only)", () => {
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
