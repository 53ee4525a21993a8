/**
 * The page that the course's client asks for.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { escapeHtml } from "./pages.js";

/** Where it is. The name is PHP's, and nothing else of it. */
export const COURSE_PAGE = "/5062CEM.php";

/**
 * Writes the page, byte for byte as the course shows it: so without an end of `<html>`.
 *
 * @param lecturer who is greeted; `null` or `""` for nobody. It may hold anything.
 */
export function coursePage(lecturer: string | null): string {
  const greeting =
    lecturer === null || lecturer === ""
      ? "Hello, welcome to 5062CEM!"
      : `Hello ${escapeHtml(lecturer)}, and welcome to 5062CEM!`;
  return `<html>\n<head>\n\t<title>5062CEM - Networking Demo</title>\n</head>\n<body>\n${greeting}</body>\n`;
}

/** Answers with the page. */
export function sendCoursePage(response: ServerResponse, lecturer: string | null): void {
  const page = Buffer.from(coursePage(lecturer));
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": page.length });
  response.end(page);
}
