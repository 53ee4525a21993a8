#!/usr/bin/env node
/**
 * The `socketserver` command.
 *
 * @module
 */

import { codeOf } from "../core/errors.js";
import { outcomeOf } from "./command-error.js";
import { makeProgram } from "./program.js";

/** Nobody reads any more (`socketserver --help | head -1`): no reason to fail, and nobody to tell it to. */
function onOutputError(error: Error): void {
  if (codeOf(error) !== "EPIPE" && codeOf(error) !== "EIO") throw error;
}

process.stdout.on("error", onOutputError);
process.stderr.on("error", onOutputError);

try {
  await makeProgram().parseAsync();
} catch (error) {
  const { exitCode, text } = outcomeOf(error);
  process.stderr.write(text);
  process.exitCode = exitCode;
}
