/**
 * Numbers in network byte order, and IP addresses between their text and their bytes.
 *
 * @module
 */

import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { endianness } from "node:os";
import { type AddressFamily, AF_INET, AF_INET6 } from "../constants.js";
import { OSError } from "../errors.js";

const littleEndian = endianness() === "LE";
/** Where one number at a time is turned round. */
const scratch = new DataView(new ArrayBuffer(4));

function checkUnsigned(name: string, value: number, bits: 16 | 32): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`${name}: cannot convert ${value}: give a whole number from 0 to ${2 ** bits - 1}.`);
  }
}

// Turning bytes round is its own inverse, so both directions share these two.
function swapShort(name: string, value: number): number {
  checkUnsigned(name, value, 16);
  scratch.setUint16(0, value, littleEndian);
  return scratch.getUint16(0);
}

function swapLong(name: string, value: number): number {
  checkUnsigned(name, value, 32);
  scratch.setUint32(0, value, littleEndian);
  return scratch.getUint32(0);
}

/**
 * Turns a 16-bit number from this machine's byte order into the network's. Source: Python's `socket.htons`.
 *
 * @param value a whole number from 0 to 65535.
 * @returns the number with its bytes in network order: turned round on a little-endian machine, else as it is.
 * @throws RangeError naming the value, when it is not such a number.
 * @example
 * ```ts
 * htons(80); // 20480 on a little-endian machine
 * ```
 */
export function htons(value: number): number {
  return swapShort("htons", value);
}

/**
 * Turns a 32-bit number from this machine's byte order into the network's. Source: Python's `socket.htonl`.
 *
 * @param value a whole number from 0 to 4294967295.
 * @returns the number with its bytes in network order, never negative.
 * @throws RangeError naming the value, when it is not such a number.
 * @example
 * ```ts
 * htonl(1); // 16777216 on a little-endian machine
 * ```
 */
export function htonl(value: number): number {
  return swapLong("htonl", value);
}

/**
 * Turns a 16-bit number from network byte order into this machine's. Source: Python's `socket.ntohs`.
 *
 * @param value a whole number from 0 to 65535.
 * @returns the number with its bytes in this machine's order.
 * @throws RangeError naming the value, when it is not such a number.
 * @example
 * ```ts
 * ntohs(20480); // 80 on a little-endian machine
 * ```
 */
export function ntohs(value: number): number {
  return swapShort("ntohs", value);
}

/**
 * Turns a 32-bit number from network byte order into this machine's. Source: Python's `socket.ntohl`.
 *
 * @param value a whole number from 0 to 4294967295.
 * @returns the number with its bytes in this machine's order, never negative.
 * @throws RangeError naming the value, when it is not such a number.
 * @example
 * ```ts
 * ntohl(16777216); // 1 on a little-endian machine
 * ```
 */
export function ntohl(value: number): number {
  return swapLong("ntohl", value);
}

function illegalText(text: string, what: string, call: string): OSError {
  const message = `Cannot read "${text}" as ${what}: illegal IP address string passed to ${call} (EINVAL)`;
  return new OSError(message, { code: "EINVAL", syscall: call });
}

function illegalLength(packed: Uint8Array, expected: number, call: string): OSError {
  const bytes = `[${packed.join(", ")}]`;
  return new OSError(
    `Cannot write ${bytes} as an IP address: ${call} takes ${expected} bytes, not ${packed.length} (EINVAL)`,
    { code: "EINVAL", syscall: call },
  );
}

function unknownFamily(family: number, call: string): OSError {
  return new OSError(
    `Cannot use the address family ${family} in ${call}: it takes AF_INET or AF_INET6 (EAFNOSUPPORT)`,
    {
      code: "EAFNOSUPPORT",
      syscall: call,
    },
  );
}

/** One part of an IPv4 address as C writes numbers: hexadecimal with `0x`, octal with `0`, else decimal. */
const numberOfC = /^(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i;

/**
 * As {@link inetAton}, but answers `undefined` where the text is no IPv4 address: names are asked about as well.
 *
 * @internal
 */
export function parseIPv4(text: string): Buffer | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => numberOfC.test(part))) return undefined;
  const values = parts.map((part) => (/^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  // The last part fills all the bytes that the parts before it have left over: 127.1 is 127.0.0.1.
  const last = values.pop() ?? 0;
  if (values.some((value) => value > 255) || last >= 256 ** (4 - values.length)) return undefined;
  const packed = Buffer.alloc(4);
  packed.writeUInt32BE(last);
  packed.set(values);
  return packed;
}

/**
 * Packs the text of an IPv4 address into four bytes. Source: Python's `socket.inet_aton`.
 *
 * Takes the short forms of the C library too: `127.1` (the last part fills what is left), octal parts (`0177.0.0.1`)
 * and hexadecimal ones (`0x7f.1`). Unlike glibc it refuses text after the address (`"1.2.3.4 rest"`).
 *
 * @param text the address, one to four parts with dots between them.
 * @returns four bytes in network order.
 * @throws OSError (`EINVAL`) naming the text, when it is no IPv4 address.
 * @example
 * ```ts
 * inetAton("127.1"); // <Buffer 7f 00 00 01>
 * ```
 */
export function inetAton(text: string): Buffer {
  const packed = parseIPv4(text);
  if (packed === undefined) throw illegalText(text, "an IPv4 address", "inetAton");
  return packed;
}

/**
 * Writes four bytes as an IPv4 address. Source: Python's `socket.inet_ntoa`.
 *
 * @param packed four bytes in network order.
 * @returns the four numbers with dots between them.
 * @throws OSError (`EINVAL`) naming the bytes, when they are not four.
 * @example
 * ```ts
 * inetNtoa(Buffer.from([127, 0, 0, 1])); // "127.0.0.1"
 * ```
 */
export function inetNtoa(packed: Uint8Array): string {
  if (packed.length !== 4) throw illegalLength(packed, 4, "inetNtoa");
  return packed.join(".");
}

/** Packs what is known to be an IPv6 address without a zone. */
function packIPv6(text: string): Buffer {
  // An IPv4 address at the end stands for the last two groups.
  const groups = text.replace(/\d+\.[\d.]+$/, (tail) => inetAton(tail).toString("hex").replace(/^.{4}/, "$&:"));
  const [front = [], back] = groups.split("::").map((side) => (side === "" ? [] : side.split(":")));
  const zeros = back === undefined ? [] : new Array<string>(8 - front.length - back.length).fill("0");
  const all = [...front, ...zeros, ...(back ?? [])];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/**
 * Packs the text of an IP address into bytes. Source: Python's `socket.inet_pton`.
 *
 * Stricter than {@link inetAton}: IPv4 is four decimal numbers, and IPv6 has no zone (`%eth0`).
 *
 * @param family `AF_INET` or `AF_INET6`.
 * @param text the address.
 * @returns 4 bytes for `AF_INET`, 16 for `AF_INET6`, in network order.
 * @throws OSError naming the value: `EINVAL` for text that is no address of this family, `EAFNOSUPPORT` for another
 *   family.
 * @example
 * ```ts
 * inetPton(AF_INET6, "::1").length; // 16
 * ```
 */
export function inetPton(family: AddressFamily, text: string): Buffer {
  if (family === AF_INET) {
    if (!isIPv4(text)) throw illegalText(text, "an IPv4 address", "inetPton");
    return inetAton(text);
  }
  if (family !== AF_INET6) throw unknownFamily(family, "inetPton");
  if (!isIPv6(text) || text.includes("%")) throw illegalText(text, "an IPv6 address", "inetPton");
  return packIPv6(text);
}

/**
 * Writes packed bytes as an IP address. Source: Python's `socket.inet_ntop`.
 *
 * IPv6 comes in the form of RFC 5952: lower case, the longest run of zeros written `::`, an IPv4 address that is mapped
 * into IPv6 with dots (`::ffff:192.0.2.1`).
 *
 * @param family `AF_INET` or `AF_INET6`.
 * @param packed 4 bytes for `AF_INET`, 16 for `AF_INET6`, in network order.
 * @returns the text of the address.
 * @throws OSError naming the value: `EINVAL` for a wrong number of bytes, `EAFNOSUPPORT` for another family.
 * @example
 * ```ts
 * inetNtop(AF_INET6, inetPton(AF_INET6, "0:0:0:0:0:0:0:1")); // "::1"
 * ```
 */
export function inetNtop(family: AddressFamily, packed: Uint8Array): string {
  if (family !== AF_INET && family !== AF_INET6) throw unknownFamily(family, "inetNtop");
  const expected = family === AF_INET ? 4 : 16;
  if (packed.length !== expected) throw illegalLength(packed, expected, "inetNtop");
  if (family === AF_INET) return packed.join(".");
  // Node writes the address that it parsed in its shortest form.
  const groups = Buffer.from(packed)
    .toString("hex")
    .replace(/.{4}(?=.)/g, "$&:");
  return new SocketAddress({ address: groups, family: "ipv6" }).address;
}
