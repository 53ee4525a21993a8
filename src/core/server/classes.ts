/**
 * The four servers that run one request at a time.
 *
 * @module
 */

import { type AddressFamily, AF_UNIX } from "../constants.js";
import { DatagramServer } from "./datagram-server.js";
import { StreamServer } from "./stream-server.js";

/**
 * Serves TCP, one connection at a time; the next ones wait. Source: `socketserver.TCPServer`.
 *
 * @example
 * ```ts
 * await using server = new TCPServer(["127.0.0.1", 9999], EchoHandler);
 * await server.serveForever();
 * ```
 */
export class TCPServer extends StreamServer {}

/**
 * Serves UDP, one datagram after the other. Source: `socketserver.UDPServer`.
 *
 * @example
 * ```ts
 * await using server = new UDPServer(["127.0.0.1", 9999], UpperHandler);
 * await server.serveForever();
 * ```
 */
export class UDPServer extends DatagramServer {}

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
