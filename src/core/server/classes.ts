/**
 * The servers of Unix sockets.
 *
 * @module
 */

import { type AddressFamily, AF_UNIX } from "../constants.js";
import { DatagramServer } from "./datagram-server.js";
import { StreamServer } from "./stream-server.js";

/**
 * Serves a Unix stream socket, one connection at a time. Source: `socketserver.UnixStreamServer`.
 *
 * Its address is a path. The file is removed on close if it is still the server's own; one that a dead server left behind
 * is replaced, one that a living server listens on never. `clientAddress` is `""`.
 *
 * @example
 * ```ts
 * await using server = new UnixStreamServer("/tmp/echo.sock", EchoHandler);
 * ```
 */
export class UnixStreamServer extends StreamServer {
  override addressFamily: AddressFamily = AF_UNIX;
}

/**
 * Serves a Unix datagram socket. Source: `socketserver.UnixDatagramServer`.
 *
 * It needs the native transport: opening it on the Node transport throws an UnsupportedOperation that says so.
 */
export class UnixDatagramServer extends DatagramServer {
  override addressFamily: AddressFamily = AF_UNIX;
}
