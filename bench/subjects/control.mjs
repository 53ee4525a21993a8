// What the benchmark and a subject on Node or Bun tell each other: lines of JSON on stdout, commands as lines on stdin.
import { createInterface } from "node:readline";

/**
 * Prints a line of JSON.
 *
 * @param {object} message
 */
export function tell(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Answers the commands that come on stdin, each with what its function returns.
 *
 * @param {Record<string, () => object | Promise<object>>} commands
 */
export function answerCommands(commands) {
  createInterface(process.stdin).on("line", async (name) => tell(await commands[name]()));
}

/** Frees the memory that is no longer in use: before memory is compared. Needs `--expose-gc`. */
export function collectGarbage() {
  // Twice: what the first finds finalised, the second frees.
  globalThis.gc();
  globalThis.gc();
  return {};
}
