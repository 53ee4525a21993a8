/**
 * {@link findInFolder}: from the path of a URL to a file or folder, and never out of the folder that is served.
 *
 * @module
 */

import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { codeOf } from "../../core/errors.js";

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
