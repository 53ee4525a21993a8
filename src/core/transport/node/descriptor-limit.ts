/**
 * How many descriptors a process has left. libuv closes clients unseen when there are none to accept them with, so a listener has
 * to stop before.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** Descriptors that clients leave to the rest of the process: for files, and for connections of its own. */
const RESERVE = 8;

/** How many more clients may come before the descriptors are counted again: that takes time, the more there are. */
let uncounted = 0;

/** Counts a client. @returns whether there is room for another; always where the system does not list descriptors (Linux does). */
export function hasRoomForClient(): boolean {
  uncounted -= 1;
  if (uncounted > 0) return true;
  const room = countFree() - RESERVE;
  // Half of it, since others open descriptors too.
  uncounted = Math.ceil(room / 2);
  return room > 0;
}

function countFree(): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit) - readdirSync("/proc/self/fd").length;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EMFILE" ? 0 : Number.POSITIVE_INFINITY;
  }
}
