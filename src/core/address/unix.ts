/**
 * Addresses of Unix sockets: paths, and the abstract names of Linux, as text and as the system's bytes.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";

/**
 * The path of a Unix socket; `""` for a socket that has none. A name that begins with a zero byte is an abstract one (Linux).
 *
 * A string is UTF-8. Every call takes bytes as well; an address comes as bytes where they are not UTF-8.
 */
export type UnixAddress = string | Uint8Array;

/** The bytes that C's `struct sockaddr_un` holds. An abstract name may fill them; a path is followed by a zero. */
const SUN_PATH_BYTES = process.platform === "linux" ? 108 : 104;

/** The address as the system has it. */
export function unixBytes(address: UnixAddress): Buffer {
  if (typeof address === "string") return Buffer.from(address);
  return Buffer.isBuffer(address) ? address : Buffer.from(address.buffer, address.byteOffset, address.byteLength);
}

/**
 * The address as sockets return it: text where the bytes are UTF-8, else a copy of the bytes.
 *
 * Python differs: it has `bytes` for every abstract name, and escapes (`surrogateescape`) for a path that is not UTF-8.
 */
export function unixAddress(bytes: Uint8Array): string | Buffer {
  const buffer = unixBytes(bytes);
  const text = buffer.toString();
  // What stands for bytes that are not UTF-8 may also be meant.
  return text.includes("\ufffd") && !isUtf8(buffer) ? Buffer.from(buffer) : text;
}

/** Whether it is a name of Linux's abstract namespace, which has no file. */
export function isAbstract(address: UnixAddress): boolean {
  return typeof address === "string" ? address.startsWith("\0") : address[0] === 0;
}

/** Writes a Unix address: the first zero as `@`, bytes that are not UTF-8 as `\xff`, no name as `(unnamed)`. */
export function formatUnixAddress(address: UnixAddress): string {
  const known = typeof address === "string" ? address : unixAddress(address);
  if (known.length === 0) return "(unnamed)";
  if (typeof known === "string") return known.replace("\0", "@");
  const escaped = known
    .toString("latin1")
    .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return escaped.replace(/^\\x00/, "@");
}

/**
 * Checks what a caller gave as the address of a Unix socket: the one check of every transport and of blocking sockets. An empty
 * one is left to the system: Linux chooses a name where it is to be bound to, and refuses it for all else.
 *
 * @returns the address as {@link unixAddress} has it.
 * @throws an error with the code `ENAMETOOLONG`, for which the caller has the words; RangeError for a zero byte within a path,
 *   where the system would cut it.
 */
export function checkUnixAddress(address: UnixAddress): string | Buffer {
  const isText = typeof address === "string";
  const isName = isAbstract(address);
  // The zero that an abstract name begins with follows a path.
  const maxLength = isName ? SUN_PATH_BYTES : SUN_PATH_BYTES - 1;
  if ((isText ? Buffer.byteLength(address) : address.length) > maxLength) {
    throw Object.assign(new Error("The system takes no longer path"), { code: "ENAMETOOLONG" });
  }
  if (!isName && (isText ? address.includes("\0") : address.includes(0))) {
    throw new RangeError(`Cannot use ${JSON.stringify(address)} as an address of AF_UNIX: a path has no zero byte.`);
  }
  return isText ? address : unixAddress(address);
}
