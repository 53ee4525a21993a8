import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LoadedAddon } from "../../dist/core/transport/native/addon.js";
import { available, ROOT, unlessAvailable } from "./support.js";

const FILE = "src/core/transport/native/addon.ts";

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

describe("SOCKETSERVER_TRANSPORT", () => {
  /** What a program is told that asks for a transport. */
  async function ask(wanted: string, more: NodeJS.ProcessEnv = {}): Promise<{ transport: string; stderr: string }> {
    const program = `import("ts-socketserver/transport").then(({ capabilities }) => console.log(capabilities().transport))`;
    const env = { ...process.env, ...more, SOCKETSERVER_TRANSPORT: wanted };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["-e", program], { cwd: ROOT, env });
    return { transport: stdout.trim(), stderr };
  }

  it.each(["node", "", ...(available ? ["native"] : [])])('="%s" is followed without a word', async (wanted) => {
    const { transport, stderr } = await ask(wanted, available ? { TS_SOCKETSERVER_PREBUILD: builtIn } : {});
    expect({ transport, stderr }).toEqual({ transport: wanted || (available ? "native" : "node"), stderr: "" });
  });

  it("=native is answered by a warning where that is not there, with the reason", async () => {
    // Where the addon is looked for, and is not.
    const { transport, stderr } = await ask("native", { TS_SOCKETSERVER_PREBUILD: root });
    expect(transport).toBe("node");
    expect(stderr).toMatch(
      /Warning: SOCKETSERVER_TRANSPORT asks for the native transport, which is not there\. .+ Sockets use the Node transport\./,
    );
  });

  it("=natvie is answered once, however many threads there are", async () => {
    const program = `
      import { Worker, isMainThread } from "node:worker_threads";
      import { once } from "node:events";
      import "ts-socketserver/transport";
      if (isMainThread) await once(new Worker(process.argv[1]), "exit");`;
    const file = join(mkdtempSync(join(ROOT, "test", "native", "warning-")), "program.mjs");
    writeFileSync(file, program);
    const env = { ...process.env, SOCKETSERVER_TRANSPORT: "natvie" };
    const { stderr } = await promisify(execFile)(process.execPath, [file], { cwd: ROOT, env });
    rmSync(dirname(file), { recursive: true });
    expect(stderr.split("asks for the transport")).toHaveLength(2);
  });

  it("=natvie is answered by a warning that says which transports there are", async () => {
    const { stderr } = await ask("natvie", available ? { TS_SOCKETSERVER_PREBUILD: builtIn } : {});
    const used = available ? "native" : "Node";
    expect(stderr).toContain(
      `Warning: SOCKETSERVER_TRANSPORT asks for the transport "natvie", which there is not: give node or native. Sockets use the ${used} transport.`,
    );
  });
});

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
