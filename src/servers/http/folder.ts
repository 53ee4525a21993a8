/**
 * {@link sendFromFolder}: answers an HTTP request with a file of a folder.
 *
 * @module
 */

import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isAbsolute, join, relative, sep } from "node:path";
import send from "send";
import { codeOf } from "../../core/errors.js";
import { escapeHtml, refuseRequest } from "./pages.js";

/**
 * Answers with what the URL's path leads to within a folder: a file, a folder's `index.html`, or a list of what is in it.
 *
 * The library `send` does the sending: type, length, `Range`, `If-Modified-Since`, `ETag` and their like. Which file it is, and
 * whether it may be sent, is decided here: see {@link findInFolder}.
 */
export async function sendFromFolder(
  request: IncomingMessage,
  response: ServerResponse,
  root: string,
  { pathname, search }: URL,
): Promise<void> {
  // A browser is to take a file for what this server says that it is, whatever it looks like.
  response.setHeader("X-Content-Type-Options", "nosniff");
  const item = await findInFolder(root, pathname);
  if (typeof item === "number") {
    refuseRequest(response, item);
  } else if (item.kind === "file") {
    sendFile(request, response, item);
  } else if (!pathname.endsWith("/")) {
    // Links within the page lead somewhere else without it. Two slashes at the beginning would name another host.
    refuseRequest(response, 301, { Location: `${pathname.replace(/^\/+/, "/")}/${search}` });
  } else {
    await sendFolder(request, response, item, pathname);
  }
}

async function sendFolder(
  request: IncomingMessage,
  response: ServerResponse,
  folder: FolderItem,
  pathname: string,
): Promise<void> {
  const index = await findInFolder(folder.root, `${pathname}index.html`);
  if (typeof index !== "number" && index.kind === "file") {
    sendFile(request, response, index);
    return;
  }
  const page = Buffer.from(await folderListing(folder, pathname));
  response.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": page.length,
    // A name that were taken for a script all the same could not run.
    "Content-Security-Policy": "default-src 'none'",
  });
  response.end(page);
}

function sendFile(request: IncomingMessage, response: ServerResponse, { root, inside }: FolderItem): void {
  send(request, encodePath(inside), { root, index: false })
    .on("error", (error: { status?: number }) => refuseRequest(response, error.status ?? 500))
    .pipe(response);
}

/** What a path leads to. */
export interface FolderItem {
  readonly kind: "file" | "folder";
  /** The folder that is served, with every link in its path followed. */
  readonly root: string;
  /** Where the item is within it, with every link followed: so no link is left to follow in either. */
  readonly inside: string;
}

/** Why there is nothing at a path: the status to answer with. */
export type NothingThere = 400 | 403 | 404;

const NOT_THERE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"]);
const NOT_ALLOWED: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

/**
 * Finds what is at the path of a URL.
 *
 * What counts is where it really is: outside of the folder, by `..` (however it is encoded) or by a link, nothing is there,
 * and neither is it where a name begins with a dot. What is neither a file nor a folder is not there either: a pipe would keep
 * its reader waiting.
 *
 * Whoever may change the folder may put a link in the place of a file between this look and the reading. The folder is trusted
 * to that extent; who asks is not.
 *
 * @param root the folder that is served.
 * @param pathname as it stands in the URL: `"/a%20file.txt"`.
 * @throws OSError and the like, for what has nothing to do with who asks, such as a broken disk.
 */
export async function findInFolder(root: string, pathname: string): Promise<FolderItem | NothingThere> {
  const path = decode(pathname);
  if (path === null) return 400;
  try {
    const home = await realpath(root);
    const place = await realpath(join(home, path));
    const inside = relative(home, place);
    // ".." begins with a dot as well. On Windows, what is on another disk has no relative path.
    if (isAbsolute(inside) || inside.split(sep).some((name) => name.startsWith("."))) return 404;
    const about = await stat(place);
    if (about.isDirectory()) return { kind: "folder", root: home, inside };
    return about.isFile() ? { kind: "file", root: home, inside } : 404;
  } catch (error) {
    if (NOT_THERE.has(codeOf(error))) return 404;
    if (NOT_ALLOWED.has(codeOf(error))) return 403;
    throw error;
  }
}

/** The path, or `null` where it cannot be one: a `%` without two digits, bytes that are not UTF-8, a NUL. */
function decode(pathname: string): string | null {
  try {
    const path = decodeURIComponent(pathname);
    return path.includes("\0") ? null : path;
  } catch {
    return null;
  }
}

/** The path of an item as it is written in a URL, from the root: `"/a%20folder/file.txt"`. */
export function encodePath(inside: string): string {
  return `/${inside.split(sep).map(encodeURIComponent).join("/")}`;
}

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
