import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LoadedAddon } from "../../src/core/transport/native-addon.js";
import { available, ROOT, unlessAvailable } from "./support.js";

const FILE = "src/core/transport/native-addon.ts";

/** The addon that is tested, and the directory that node-gyp-build finds it in: not this package, under the sanitizers. */
const built: string = available ? createRequire(import.meta.url)("node-gyp-build").resolve(ROOT) : "";
const builtIn = join(built, "..", "..", "..");

/** A package of its own with the file that loads the addon, and no addon. */
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "socketserver-addon-"));
  cpSync(join(ROOT, FILE), join(root, FILE), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(root, "package.json"));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.resetModules();
  rmSync(root, { recursive: true });
});

/** What the loader gives, loaded anew from that package. */
async function load(from = root): Promise<LoadedAddon & { again: LoadedAddon }> {
  vi.resetModules();
  const { loadNativeAddon } = await import(pathToFileURL(join(from, FILE)).href);
  return { ...loadNativeAddon(), again: loadNativeAddon() };
}

function put(path: string, content: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe.skipIf(process.platform !== "linux")("Loading the addon (Linux only)", () => {
  beforeEach(() => {
    vi.stubEnv("TS_SOCKETSERVER_PREBUILD", undefined);
    vi.stubEnv("SOCKETSERVER_TRANSPORT", undefined);
  });

  it.skipIf(!available)(`gives the same one every time${unlessAvailable}`, async () => {
    vi.stubEnv("TS_SOCKETSERVER_PREBUILD", builtIn);
    const first = await load();
    expect(first).toMatchObject({ addon: { socket: expect.any(Function) } });
    expect(first.again).toStrictEqual("addon" in first ? { addon: first.addon } : {});
  });

  it("is left out when SOCKETSERVER_TRANSPORT asks for the Node transport", async () => {
    vi.stubEnv("SOCKETSERVER_TRANSPORT", "node");
    expect(await load(ROOT)).toMatchObject({ reason: "SOCKETSERVER_TRANSPORT asks for the Node transport." });
  });

  it("is left out on other systems", async () => {
    vi.stubGlobal("process", { ...process, env: process.env, platform: "darwin" });
    expect(await load(ROOT)).toMatchObject({ reason: "The native transport runs on Linux only; this is darwin." });
  });

  it("tells what to do when it was never built", async () => {
    const reason = "The native addon has not been built. Install a C compiler and run npm rebuild ts-socketserver.";
    expect(await load()).toMatchObject({ reason });
  });

  it("tells what the install script has left behind", async () => {
    put("build/unavailable.txt", "There is no C compiler. Install one.\n");
    expect(await load()).toMatchObject({ reason: "There is no C compiler. Install one." });
  });

  it("tells why a file that is there cannot be loaded", async () => {
    put("build/Release/socketserver.node", "not a library");
    const loaded = await load();
    expect(loaded).toMatchObject({
      reason: expect.stringMatching(/^The native addon cannot be loaded: .*socketserver\.node: file too short/),
    });
    expect(loaded).toMatchObject({ reason: expect.stringContaining("Run npm rebuild ts-socketserver.") });
  });

  it.skipIf(!available)(`takes a prebuilt one${unlessAvailable}`, async () => {
    mkdirSync(join(root, "prebuilds", `linux-${process.arch}`), { recursive: true });
    cpSync(built, join(root, "prebuilds", `linux-${process.arch}`, "ts-socketserver.node"));
    expect(await load()).toMatchObject({ addon: { socket: expect.any(Function) } });
  });
});
