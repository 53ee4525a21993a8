/**
 * {@link folderListing}: a page with what is in a folder.
 *
 * @module
 */

import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { type FolderItem, findInFolder } from "./folder-paths.js";
import { escapeHtml } from "./pages.js";

/** Names that a page has at most: a folder may have millions. */
const MAX_NAMES = 10_000;

/**
 * Writes the page. Listed is what can be asked for: nothing whose name begins with a dot, and no link that leads out.
 *
 * @param folder the folder.
 * @param pathname its path in the URL, with a `"/"` at its end.
 */
export async function folderListing(folder: FolderItem, pathname: string): Promise<string> {
  const names: string[] = [];
  let isCut = false;
  for await (const entry of await opendir(join(folder.root, folder.inside))) {
    isCut = names.length >= MAX_NAMES;
    if (isCut) break;
    if (entry.name.startsWith(".")) continue;
    const kind = await kindOf(entry, folder.root, pathname);
    if (kind !== null) names.push(kind === "folder" ? `${entry.name}/` : entry.name);
  }
  const title = escapeHtml(decodeURIComponent(pathname));
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${title}</title></head>`,
    "<body>",
    `<h1>${title}</h1>`,
    "<ul>",
    ...(pathname === "/" ? [] : ['<li><a href="../">../</a></li>']),
    ...names.sort().map((name) => `<li><a href="${hrefOf(name)}">${escapeHtml(name)}</a></li>`),
    "</ul>",
    ...(isCut ? [`<p>And more: only ${MAX_NAMES} are listed.</p>`] : []),
    "</body>",
    "</html>\n",
  ].join("\n");
}

/** What can be asked for by an entry's name; `null` for nothing. */
async function kindOf(entry: Dirent, root: string, pathname: string): Promise<FolderItem["kind"] | null> {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  // A link, whose end has to be found; and where the file system does not tell, the same shows it.
  const item = await findInFolder(root, `${pathname}${encodeURIComponent(entry.name)}`);
  return typeof item === "number" ? null : item.kind;
}

/** Behind `./`, a name with a colon is no protocol. */
function hrefOf(name: string): string {
  return `./${encodeURIComponent(name).replace(/%2F$/, "/")}`;
}
