/**
 * The pages of the documentation, and what stands in them.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../support/paths.js";

export const PROGRAMS = "docs/programs";

/** A block between two fences. */
export interface Block {
  /** The page and the line, for messages. */
  readonly where: string;
  /** What the comment before it says: `program`, `output`, `picture`, `conversation`; `""` where there is none. */
  readonly kind: string;
  /** The file that the comment names, from the root. */
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

/** A page of the documentation. */
export interface Page {
  /** Its path from the root. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** Reads a file of the repository. */
export function readFile(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** README.md and every page of docs/. */
export const pages: readonly Page[] = ["README.md", ...markdownFiles("docs")].map((path) => {
  const text = readFile(path);
  return { path, text, blocks: findBlocks(path, text) };
});

/** Every block of every page. */
export const blocks: readonly Block[] = pages.flatMap((page) => page.blocks);

/** The programs, each a path from the root. */
export const programs: readonly string[] = readdirSync(join(ROOT, PROGRAMS)).map((name) => `${PROGRAMS}/${name}`);

/** The page with that path. */
export function pageAt(path: string): Page {
  const page = pages.find((one) => one.path === path);
  if (page === undefined) throw new Error(`There is no page ${path}`);
  return page;
}

/** The rows of the table whose first column has that title: each cell without its back ticks. */
export function tableIn(path: string, firstColumn: string): string[][] {
  const [, rows = ""] = pageAt(path).text.split(new RegExp(`^\\| ${firstColumn} +\\|.*\\n\\|[-| ]+\\|\\n`, "m"));
  const lines = rows.split("\n");
  const table = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("|")),
  );
  return table.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

function markdownFiles(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".md"));
  return names.map((name) => `${folder}/${name}`);
}

function findBlocks(path: string, text: string): Block[] {
  const pattern = /^(?:<!-- (\w+): (\S+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(pattern)].map(
    ({ index, 1: kind = "", 2: file = "", 3: language = "", 4: content = "" }) => ({
      where: `${path}:${text.slice(0, index).split("\n").length}`,
      kind,
      file: file === "" ? "" : join(dirname(path), file),
      language,
      text: content,
    }),
  );
}
