import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePath, findInFolder } from "../../dist/servers/http/folder.js";
import { temporaryPath } from "../support/temporary-path.js";

const folder = temporaryPath();
mkdirSync(folder);
const base = realpathSync(folder);
const root = join(base, "root");
mkdirSync(join(root, "sub", "deep"), { recursive: true });
mkdirSync(join(root, ".hidden"));
mkdirSync(join(base, "root-next-door"));
writeFileSync(join(base, "secret.txt"), "secret");
writeFileSync(join(base, "root-next-door", "secret.txt"), "secret");
writeFileSync(join(root, "a b.txt"), "a b");
writeFileSync(join(root, "100%.txt"), "percent");
writeFileSync(join(root, "..dots"), "dots");
writeFileSync(join(root, "sub", "é.txt"), "é");
writeFileSync(join(root, ".hidden", "x.txt"), "x");
writeFileSync(join(root, ".password"), "x");
symlinkSync("sub", join(root, "inside"));
symlinkSync(join(base, "secret.txt"), join(root, "file-out"));
symlinkSync("..", join(root, "folder-out"));
symlinkSync("../../root-next-door", join(root, "sub", "next-door"));
symlinkSync(".hidden", join(root, "to-hidden"));
symlinkSync("loop", join(root, "loop"));
symlinkSync("nowhere", join(root, "broken"));

const find = (path: string) => findInFolder(root, path);

describe("findInFolder()", () => {
  it.each([
    ["/", "folder", ""],
    ["/sub", "folder", "sub"],
    ["/sub/", "folder", "sub"],
    ["/a%20b.txt", "file", "a b.txt"],
    ["/100%25.txt", "file", "100%.txt"],
    ["/sub/%C3%A9.txt", "file", "sub/é.txt"],
    ["/sub/deep/../../a%20b.txt", "file", "a b.txt"],
    ["//sub//deep/.", "folder", "sub/deep"],
    ["/inside/%C3%A9.txt", "file", "sub/é.txt"],
  ])("finds %s", async (path, kind, inside) => {
    expect(await find(path)).toEqual({ kind, root, inside });
  });

  it.each([
    "/nosuch",
    "/a%20b.txt/",
    "/a%20b.txt/x",
    `/${"x".repeat(300)}`,
    `/${"x/".repeat(5000)}`,
    "/loop",
    "/broken",
    "/.password",
    "/.hidden/",
    "/.hidden/x.txt",
    "/to-hidden/x.txt",
    "/sub/../.hidden/x.txt",
    "/..dots",
  ])("finds nothing at %s", async (path) => {
    expect(await find(path)).toBe(404);
  });

  it.each([
    "/..",
    "/../secret.txt",
    "/../root-next-door/secret.txt",
    "/sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt",
    "/..%2fsecret.txt",
    "/sub/..%2f..%2fsecret.txt",
    "/nosuch/../../secret.txt",
    `/${"../".repeat(20)}etc/passwd`,
    "//etc/passwd",
    "/%2fetc/passwd",
    "/file-out",
    "/folder-out/secret.txt",
    "/folder-out/",
    "/sub/next-door/secret.txt",
    "/inside/../../secret.txt",
  ])("finds no way out by %s", async (path) => {
    expect(await find(path)).toBe(404);
  });

  it("finds nothing next door by a name that begins as that of the folder does", async () => {
    expect(await findInFolder(root, "/../root-next-door/secret.txt")).toBe(404);
  });

  it.each(["/a\0.txt", "/a%00b.txt", "/%", "/%zz", "/%c3", "/%ff"])("says that %j is no path", async (path) => {
    expect(await find(path)).toBe(400);
  });

  it("finds no pipe, whose reader would wait for ever", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect(await find("/pipe")).toBe(404);
  });

  it("follows the links in the path of the folder itself", async () => {
    const link = join(base, "link-to-root");
    symlinkSync(root, link);
    expect(await findInFolder(link, "/a%20b.txt")).toEqual({ kind: "file", root, inside: "a b.txt" });
    expect(await findInFolder(link, "/../secret.txt")).toBe(404);
  });

  it.skipIf(process.getuid?.() === 0)(
    "says that what may not be read is not allowed (skipped: root may read everything)",
    async () => {
      mkdirSync(join(root, "closed"));
      chmodSync(join(root, "closed"), 0);
      expect(await find("/closed/x")).toBe(403);
    },
  );

  it("finds nothing in a folder that is gone", async () => {
    const gone = join(base, "gone");
    mkdirSync(gone);
    renameSync(gone, join(base, "gone-elsewhere"));
    expect(await findInFolder(gone, "/")).toBe(404);
  });

  it("never leads out, whatever the path is made of", async () => {
    const words = [
      "..",
      ".",
      "/",
      "%2f",
      "%2e",
      "%2e%2e",
      "..%2f",
      "\\",
      "%5c",
      "sub",
      "deep",
      "inside",
      "folder-out",
      "file-out",
      "next-door",
      "root",
      "secret.txt",
      "%00",
      "%25",
      "%252e%252e",
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 10 }), async (parts) => {
        const item = await find(`/${parts.join("")}`);
        if (typeof item === "number") return;
        const place = realpathSync(join(item.root, item.inside));
        expect(place === root || place.startsWith(root + sep)).toBe(true);
        expect(place).toBe(resolve(root, item.inside));
      }),
      { numRuns: 500 },
    );
  });

  it("writes paths that lead back to where they were found", async () => {
    for (const path of ["/a%20b.txt", "/100%25.txt", "/sub/%C3%A9.txt", "/sub/deep"]) {
      const item = await find(path);
      if (typeof item === "number") throw new Error(`${path} is not there`);
      expect(encodePath(item.inside)).toBe(path);
    }
  });
});
