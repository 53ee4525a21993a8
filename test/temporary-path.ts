/**
 * Paths for Unix sockets that no other test has, removed when the test file is done.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "socketserver-"));
let count = 0;

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A path at which nothing is. */
export function temporaryPath(): string {
  count += 1;
  return join(directory, `${count}.sock`);
}
