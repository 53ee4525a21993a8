/**
 * What becomes of an error while taking the next request. Three policies, and the reasons for each code.
 *
 * @module
 */

import { codeOf } from "../errors.js";

/**
 * - `connection`: it concerns that one client alone: go on.
 * - `capacity`: the process or the system has run out of something: pause, then go on.
 * - `fatal`: the socket itself is at fault: raise it.
 */
export type AcceptErrorKind = "connection" | "capacity" | "fatal";

/** Seconds to rest when the process has run out: ten tries a second, while CPython makes half a million. */
export const CAPACITY_PAUSE = 0.1;

const CONNECTION: ReadonlySet<string> = new Set([
  // The client was gone before it was accepted.
  "ECONNABORTED",
  "ECONNRESET",
  "EPROTO",
  "ETIMEDOUT",
  // accept(2), "Error handling": errors already pending on the new connection are reported by accept; treat as a retry.
  "ENETDOWN",
  "ENOPROTOOPT",
  "EHOSTDOWN",
  "ENONET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  // A firewall rule forbids this connection.
  "EPERM",
  // A datagram sent earlier could not be delivered; the system tells it at the next receive.
  "ECONNREFUSED",
  // Somebody else took it, or a signal came: nothing to serve this time.
  "EAGAIN",
  "EWOULDBLOCK",
  "EINTR",
]);

const CAPACITY: ReadonlySet<string> = new Set([
  // Descriptors: of this process, of the system.
  "EMFILE",
  "ENFILE",
  // Memory for sockets.
  "ENOBUFS",
  "ENOMEM",
]);

/** Sorts an error of `getRequest()`. */
export function classifyAcceptError(error: unknown): AcceptErrorKind {
  const code = codeOf(error);
  if (CONNECTION.has(code)) return "connection";
  if (CAPACITY.has(code)) return "capacity";
  return "fatal";
}
