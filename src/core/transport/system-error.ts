/**
 * The errors of system calls, before the owner of a channel puts the action into words.
 *
 * @module
 */

import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { errnoOf, strerror } from "../errors.js";

/** A plain error that carries a system code, as Node's own do; the owner puts the action into words. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${strerror(code)} (${code})`), { code, errno: errnoOf(code) });
}

/** Beside those of libuv, which knows no EINPROGRESS. Of two names for one number the first: EAGAIN, not EWOULDBLOCK. */
const codes = new Map<number, string>(
  Object.entries(constants.errno)
    .reverse()
    .map(([code, errno]): [number, string] => [-errno, code]),
).set(-constants.errno.EOPNOTSUPP, "EOPNOTSUPP");

/** The same for the number that a system call failed with: negative, as `libuv` and the addon have it. */
export function systemErrorOf(errno: number): NodeJS.ErrnoException {
  return systemError(codes.get(errno) ?? getSystemErrorName(errno));
}
