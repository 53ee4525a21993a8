/**
 * {@link escapeHtml}: text as a part of a page.
 *
 * @module
 */

import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from "node:http";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Writes a text so that a browser shows it as it is, within an element or a quoted attribute, and takes nothing in it for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? letter);
}

/** Answers with a status, such as 404, and its name in words. An answer that has begun is broken off instead. */
export function refuseRequest(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = statusText(status);
  response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(text), ...headers });
  response.end(text);
}

/** `404 Not Found`, as a line. */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd().concat("\n");
}
