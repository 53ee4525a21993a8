/**
 * Socket addresses as the system has them: C's `struct sockaddr`, one after the other in memory that the addon reads and
 * writes.
 *
 * @module
 */

import { type Address, type InetAddress, isInetAddress } from "../../address/address.js";
import { inetNtop, inetPton, parseIPv4 } from "../../address/inet.js";
import { isAbstract, type UnixAddress, unixAddress, unixBytes } from "../../address/unix.js";
import { AF_INET, AF_INET6, AF_UNIX } from "../../constants.js";
import { systemError } from "../system-error.js";

/** Bytes of one place: its length (32 bits), and C's `struct sockaddr_storage`. */
const SOCKADDR_STRIDE = 132;
/** Where the parts of an address stand in its place. */
const FAMILY = 4;
const PORT = 6;
const HOST4 = 8;
const FLOW6 = 8;
const HOST6 = 12;
const SCOPE6 = 28;
const PATH = 6;
/** Lengths of `struct sockaddr_in` and `struct sockaddr_in6`, and of the path in `struct sockaddr_un`. */
const LENGTH4 = 16;
const LENGTH6 = 28;
const MAX_PATH = 108;
/** Hosts whose text is remembered: a server sees the same ones again and again. */
const REMEMBERED_HOSTS = 1024;

const hosts = new Map<number, string>();
const packedHosts = new Map<string, number>();

/** Puts a value into a map that never grows beyond {@link REMEMBERED_HOSTS}. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  if (map.size >= REMEMBERED_HOSTS) map.clear();
  map.set(key, value);
  return value;
}

/** Memory for one or more addresses. */
export class NativeAddresses {
  readonly bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  /** For what stands in the network's byte order. */
  readonly #view: DataView;

  constructor(count = 1) {
    const memory = new ArrayBuffer(count * SOCKADDR_STRIDE);
    this.#view = new DataView(memory);
    this.bytes = new Uint8Array(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
  }

  /** The memory from an address on. */
  from(index: number): Uint8Array {
    return this.bytes.subarray(index * SOCKADDR_STRIDE);
  }

  /** Reads an address; `""` where the socket has none. */
  read(index = 0): Address {
    const place = index * SOCKADDR_STRIDE;
    const length = this.#words[place >> 2] ?? 0;
    if (length <= 2) return "";
    const family = this.#halves[(place + FAMILY) >> 1];
    if (family === AF_INET) return [this.#readHost4(place), this.#readPort(place)];
    if (family === AF_INET6) return this.#read6(place);
    return family === AF_UNIX ? this.#readPath(place, length) : "";
  }

  #readPort(place: number): number {
    return ((this.bytes[place + PORT] ?? 0) << 8) | (this.bytes[place + PORT + 1] ?? 0);
  }

  #readHost4(place: number): string {
    const key = this.#words[(place + HOST4) >> 2] ?? 0;
    return hosts.get(key) ?? remember(hosts, key, this.bytes.subarray(place + HOST4, place + HOST4 + 4).join("."));
  }

  #read6(place: number): InetAddress {
    const host = inetNtop(AF_INET6, this.bytes.subarray(place + HOST6, place + HOST6 + 16));
    const flowInfo = this.#view.getUint32(place + FLOW6);
    return [host, this.#view.getUint16(place + PORT), flowInfo, this.#words[(place + SCOPE6) >> 2] ?? 0];
  }

  #readPath(place: number, length: number): string | Buffer {
    const path = Buffer.from(this.bytes.buffer, place + PATH, length - 2);
    // An abstract name may hold other zeros; a path ends at its first one.
    const end = isAbstract(path) ? -1 : path.indexOf(0);
    return unixAddress(end < 0 ? path : path.subarray(0, end));
  }

  /**
   * Writes an address as `resolveAddress()` has made it: a numeric host without a zone, or a path that is not too long.
   *
   * @returns this, for the call that it is for. @throws `EAFNOSUPPORT`, `ENAMETOOLONG`
   */
  write(address: Address, index = 0): this {
    const place = index * SOCKADDR_STRIDE;
    if (!isInetAddress(address)) return this.#writePath(address, place);
    const [host, port] = address;
    this.bytes[place + PORT] = port >> 8;
    this.bytes[place + PORT + 1] = port & 0xff;
    return host.includes(":") ? this.#write6(address, place) : this.#writeHost4(host, place);
  }

  #writeHost4(host: string, place: number): this {
    const packed = packedHosts.get(host) ?? remember(packedHosts, host, packHost4(host));
    this.#words[(place + HOST4) >> 2] = packed;
    return this.#begin(place, AF_INET, LENGTH4);
  }

  #write6([host, , flowInfo = 0, scopeId = 0]: InetAddress, place: number): this {
    this.#begin(place, AF_INET6, LENGTH6);
    this.#view.setUint32(place + FLOW6, flowInfo);
    this.bytes.set(inetPton(AF_INET6, host), place + HOST6);
    this.#words[(place + SCOPE6) >> 2] = scopeId;
    return this;
  }

  #writePath(path: UnixAddress, place: number): this {
    const bytes = unixBytes(path);
    // The system takes the length of an abstract name as it is, and none for a name that it is to choose.
    const end = bytes.length === 0 || isAbstract(bytes) ? 0 : 1;
    if (bytes.length + end > MAX_PATH) throw systemError("ENAMETOOLONG");
    this.bytes.set(bytes, place + PATH);
    if (end > 0) this.bytes[place + PATH + bytes.length] = 0;
    return this.#begin(place, AF_UNIX, 2 + bytes.length + end);
  }

  #begin(place: number, family: number, length: number): this {
    this.#words[place >> 2] = length;
    this.#halves[(place + FAMILY) >> 1] = family;
    return this;
  }
}

/** The four bytes as the system has them in memory. */
function packHost4(host: string): number {
  const packed = parseIPv4(host);
  if (packed === undefined) throw systemError("EAFNOSUPPORT");
  return new Uint32Array(Uint8Array.from(packed).buffer)[0] ?? 0;
}
