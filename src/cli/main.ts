#!/usr/bin/env node
/**
 * The `socketserver` command.
 *
 * @module
 */

import { codeOf, osError } from "../core/errors.js";
import { runCommand } from "./run-command.js";

/** Nobody reads any more (`socketserver --help | head -1`): no reason to fail, and nobody to tell it to. */
function isUnread(error: Error): boolean {
  return codeOf(error) === "EPIPE" || codeOf(error) === "EIO";
}

process.stdout.on("error", (error) => {
  if (isUnread(error)) return;
  process.exitCode = 1;
  process.stderr.write(`socketserver: ${osError("write to stdout", error, "write").message}.\n`);
});
process.stderr.on("error", (error) => {
  // There is nowhere left to tell it.
  if (!isUnread(error)) process.exitCode = 1;
});

await runCommand(process.argv.slice(2));
