/**
 * Paths for Unix sockets that no other test has, removed when the process ends.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directory = mkdtempSync(join(tmpdir(), "socketserver-"));
let count = 0;

// Not at the end of a test file: the files of one worker share this module.
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

/** A path at which nothing is. */
export function temporaryPath(): string {
  count += 1;
  return join(directory, `${count}.sock`);
}
