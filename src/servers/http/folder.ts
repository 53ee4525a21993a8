/**
 * {@link sendFromFolder}: answers an HTTP request with a file of a folder.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import send from "send";
import { folderListing } from "./folder-listing.js";
import { encodePath, type FolderItem, findInFolder } from "./folder-paths.js";
import { refuseRequest } from "./refuse-request.js";

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
