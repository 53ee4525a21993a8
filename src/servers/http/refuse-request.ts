/**
 * {@link refuseRequest}: answers an HTTP request with a status and nothing else.
 *
 * @module
 */

import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from "node:http";

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
