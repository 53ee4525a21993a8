/** The layers of src/: an import never points up, also one of types alone, and no files import each other in a circle. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/paths.js";

/** The layers, the lowest first: each is a folder of src/. The files that lie directly in `core` are the ground floor. */
const LAYERS = [
  "core",
  "core/address",
  "core/stream",
  "core/transport",
  "core/socket",
  "core/blocking",
  "core/server",
  "handlers",
  "mixins",
  "framing",
  "clients",
  "servers",
  "testing",
  "cli",
  "",
];

/** What bundled servers and the command are made with: like users, they have the public names alone. */
const USERS = ["framing", "clients", "servers", "testing", "cli"];

interface Import {
  /** The names, without those that it gives them. */
  readonly names: readonly string[];
  /** The imported file, from src/. */
  readonly file: string;
}

const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);
const importsOf = new Map(files.map((file) => [file, findImports(file)]));

function findImports(file: string): Import[] {
  const text = readFileSync(join(ROOT, "src", file), "utf8");
  const statements = text.matchAll(
    /(?:(?:import|export) (?:type )?(?:\{([^}]*)\}|[^"';]*?) from |import\()\s*"(\.[^"]+)"/g,
  );
  return [...statements].map(([, list = "", path = ""]) => ({
    names: list
      .split(",")
      .map((name) =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/ as .*/, ""),
      )
      .filter((name) => name !== ""),
    file: normalize(join(dirname(file), path.replace(/\.js$/, ".ts"))),
  }));
}

/** The layer of a file of src/, by its number. */
function layerOf(file: string): number {
  const folders = dirname(file).split("/");
  const name = folders[0] === "core" ? folders.slice(0, 2).join("/") : (folders[0] ?? "");
  return LAYERS.indexOf(name === "." ? "" : name);
}

/** Every import that points up, in words. */
function upwardImports(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  return [...imports].flatMap(([file, found]) =>
    found.filter((one) => layerOf(one.file) > layerOf(file)).map((one) => `${file} imports ${one.file}`),
  );
}

/** A circle of imports, as the files that it goes through; `[]` where there is none. */
function findCircle(imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    const begin = path.indexOf(file);
    if (begin >= 0) return [...path.slice(begin), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const { file: next } of imports.get(file) ?? []) {
      const circle = visit(next);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = visit(file);
    if (circle.length > 0) return circle;
  }
  return [];
}

/** The names that the entry files export. */
function publicNames(): Set<string> {
  const entries = files.filter((file) => !file.includes("/") || /^(servers|clients|testing)\/index\.ts$/.test(file));
  return new Set(entries.flatMap((file) => (importsOf.get(file) ?? []).flatMap(({ names }) => names)));
}

describe("The layers of src/", () => {
  it("are all known: every file belongs to one", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
  });

  it("import what is below them, or beside them, and nothing above", () => {
    expect(upwardImports(importsOf)).toEqual([]);
  });

  it("have no circles between files", () => {
    expect(findCircle(importsOf)).toEqual([]);
  });

  it("would not pass with an import that points up, or with a circle", () => {
    const up = new Map([...importsOf, ["core/errors.ts", [{ names: [], file: "cli/main.ts" }]]]);
    expect(upwardImports(up)).toEqual(["core/errors.ts imports cli/main.ts"]);
    const circle = new Map([...importsOf, ["core/errors.ts", [{ names: [], file: "core/errors.ts" }]]]);
    expect(findCircle(circle)).toEqual(["core/errors.ts", "core/errors.ts"]);
  });
});

describe("Bundled servers, clients, the command and the helpers for tests", () => {
  it("use nothing of the layers below that users cannot import", () => {
    const known = publicNames();
    const hidden = USERS.flatMap((folder) =>
      files
        .filter((file) => file.startsWith(`${folder}/`))
        .flatMap((file) =>
          (importsOf.get(file) ?? [])
            .filter((one) => !one.file.startsWith(`${folder}/`))
            .flatMap((one) => one.names.filter((name) => !known.has(name)).map((name) => `${file}: ${name}`)),
        ),
    );
    expect(hidden).toEqual([]);
  });
});
