/** isMain(): however a program is named on the command line, it knows that it is the program. */

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "is-main-"));
const isMain = new URL("../../dist/core/server/is-main.js", import.meta.url);

/** Files of the folder: each says which module it is, and whether that is the program. */
const FILES = ["package.mjs", "named.js", "by-index/index.js"];

beforeAll(() => {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", main: "package.mjs" }));
  for (const file of FILES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    const source = `import { isMain } from ${JSON.stringify(isMain)};\nconsole.log("${file}", isMain(import.meta.url));\n`;
    writeFileSync(join(folder, file), source);
  }
  writeFileSync(join(folder, "importing.mjs"), 'import "./named.js";\n');
  symlinkSync(join(folder, "named.js"), join(folder, "linked"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What Node prints that is started in the folder. */
async function node(...parameters: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: folder });
  return stdout.trimEnd();
}

describe("isMain()", () => {
  it.each([
    ["node package.mjs", "package.mjs"],
    ["node named.js", "named.js"],
    ["node named, without its ending", "named.js", "named"],
    ["node linked, a symbolic link", "named.js", "linked"],
    ["node ., whose package.json names it", "package.mjs", "."],
    ["node by-index, a folder with an index file", "by-index/index.js", "by-index"],
  ])("is true for %s", async (_title, file, name = file) => {
    expect(await node(name)).toBe(`${file} true`);
  });

  it.each([
    ["a module that the program imports", ["importing.mjs"], "named.js"],
    ["a module that node --eval imports", ["--input-type=module", "--eval", 'import "./named.js"'], "named.js"],
    ["a module that node --import loads", ["--import", "./named.js", "importing.mjs"], "named.js"],
  ])("is false for %s", async (_title, parameters, file) => {
    expect(await node(...parameters)).toBe(`${file} false`);
  });
});
