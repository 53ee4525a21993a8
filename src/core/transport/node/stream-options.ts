/**
 * The socket options of streams that Node has calls for. They can be set in any state and are applied once there is a
 * connection (or listener) to apply them to.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import {
  type AddressFamily,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_PROTOCOL,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "../../constants.js";
import { hasReusePort, unsupportedOption } from "./channel.js";

/** What is remembered of a stream socket's options. */
export class NodeStreamOptions {
  noDelay = false;
  keepAlive = false;
  /** Seconds of silence before the first keep-alive probe; 0 leaves it to the system. */
  keepIdle = 0;
  reusePort = false;
  ipv6Only = false;
  /** `SO_LINGER` with a time of 0: `close()` resets the connection. */
  resetOnClose = false;
  readonly family: AddressFamily;

  constructor(family: AddressFamily) {
    this.family = family;
  }

  /**
   * The options with one of them changed, which is applied at once where there is a connection. These stay as they are: a
   * connection has those of its listener, as they were when it came, and most never have others.
   */
  with(level: number, option: number, value: number | Uint8Array, connection: NodeSocket | null): NodeStreamOptions {
    const changed = Object.assign(new NodeStreamOptions(this.family), this);
    changed.#set(level, option, value, connection);
    return changed;
  }

  #set(level: number, option: number, value: number | Uint8Array, connection: NodeSocket | null): void {
    const on = typeof value === "number" && value !== 0;
    if (level === IPPROTO_TCP && option === TCP_NODELAY) {
      this.noDelay = on;
      connection?.setNoDelay(on);
    } else if (level === SOL_SOCKET && option === SO_KEEPALIVE) {
      this.keepAlive = on;
      connection?.setKeepAlive(on, this.keepIdle * 1000);
    } else if (level === IPPROTO_TCP && option === TCP_KEEPIDLE && typeof value === "number") {
      this.keepIdle = value;
      if (this.keepAlive) connection?.setKeepAlive(true, value * 1000);
    } else if (level === SOL_SOCKET && option === SO_LINGER && typeof value !== "number") {
      this.resetOnClose = isLingerZero(value);
      if (!this.resetOnClose && isLingerOn(value)) throw unsupportedOption(level, option);
    } else if (level === SOL_SOCKET && option === SO_REUSEPORT && connection === null && hasReusePort) {
      this.reusePort = on;
    } else if (level === IPPROTO_IPV6 && option === IPV6_V6ONLY && connection === null) {
      this.ipv6Only = on;
    } else if (!(level === SOL_SOCKET && option === SO_REUSEADDR && on)) {
      // Node sets SO_REUSEADDR on every stream it binds: asking for it is granted, asking for its absence is not.
      throw unsupportedOption(level, option);
    }
  }

  get(level: number, option: number, listening: boolean): number {
    if (level === IPPROTO_TCP && option === TCP_NODELAY) return Number(this.noDelay);
    if (level === IPPROTO_TCP && option === TCP_KEEPIDLE) return this.keepIdle;
    if (level === IPPROTO_IPV6 && option === IPV6_V6ONLY) return Number(this.ipv6Only);
    if (level !== SOL_SOCKET) throw unsupportedOption(level, option);
    switch (option) {
      case SO_KEEPALIVE:
        return Number(this.keepAlive);
      case SO_REUSEADDR:
        return 1;
      case SO_REUSEPORT:
        return Number(this.reusePort);
      case SO_TYPE:
        return SOCK_STREAM;
      case SO_DOMAIN:
        return this.family;
      case SO_PROTOCOL:
        return this.family === AF_UNIX ? 0 : IPPROTO_TCP;
      case SO_ACCEPTCONN:
        return Number(listening);
      case SO_ERROR:
        // Node delivers errors to the call that meets them; none is left to be fetched.
        return 0;
      default:
        throw unsupportedOption(level, option);
    }
  }

  /** Applies what was set before there was a connection. */
  applyTo(connection: NodeSocket): void {
    if (this.noDelay) connection.setNoDelay(true);
    if (this.keepAlive) connection.setKeepAlive(true, this.keepIdle * 1000);
  }
}

// struct linger { int l_onoff; int l_linger; } in the machine's byte order, as Python's struct.pack("ii", 1, 0) makes it.
function isLingerOn(value: Uint8Array): boolean {
  return value.length === 8 && value.subarray(0, 4).some((byte) => byte !== 0);
}
function isLingerZero(value: Uint8Array): boolean {
  return isLingerOn(value) && value.subarray(4).every((byte) => byte === 0);
}
