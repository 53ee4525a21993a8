// The load generator, run against a server.
import { JsonProcess } from "./json-process.mjs";
import { asLoad } from "./machine.mjs";

// Opening 8,000 connections takes seconds on the slower servers.
const SECONDS_TO_SPARE = 60;

/**
 * @typedef {object} Load
 * @property {string} mode
 * @property {number} [connections]
 * @property {number} [bytes]
 * @property {number} [depth]
 * @property {number} [floods]
 */

function start(program, server, { mode, ...numbers }) {
  const options = Object.entries({ ...numbers, port: server.port, server: server.pid });
  return new JsonProcess(
    "load",
    asLoad([program, mode, ...options.flatMap(([name, value]) => [`--${name}`, String(value)])]),
  );
}

/**
 * Runs a load to its end.
 *
 * @param {string} program the load generator
 * @param {import("./server-process.mjs").ServerProcess} server
 * @param {Load} load
 * @param {{ seconds: number, warmUp: number }} time
 */
export async function runLoad(program, server, load, { seconds, warmUp }) {
  const process = start(program, server, { ...load, seconds, "warm-up": warmUp });
  try {
    return await process.next(seconds + warmUp + SECONDS_TO_SPARE);
  } finally {
    await process.stop();
  }
}

/**
 * Opens connections, has each served once, and holds them while something is done.
 *
 * @template Result
 * @param {string} program the load generator
 * @param {import("./server-process.mjs").ServerProcess} server
 * @param {number} connections
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function withIdleConnections(program, server, connections, work) {
  const process = start(program, server, { mode: "idle", connections, bytes: 64 });
  try {
    await process.next(SECONDS_TO_SPARE);
    const result = await work();
    await process.finish();
    return result;
  } finally {
    await process.stop();
  }
}
