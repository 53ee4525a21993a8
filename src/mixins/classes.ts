/**
 * The ready-made combinations: which server, and how it runs its requests. Each is one line.
 *
 * @module
 */

import { TCPServer, UDPServer, UnixDatagramServer, UnixStreamServer } from "../core/server/classes.js";
import { ForkingMixIn } from "./forking.js";
import { MultiplexingMixIn } from "./multiplexing.js";
import { ThreadingMixIn } from "./threading.js";

/** Serves TCP, many connections at once in the event loop. */
export class MultiplexingTCPServer extends MultiplexingMixIn(TCPServer) {}
/** Serves UDP, many datagrams at once in the event loop. */
export class MultiplexingUDPServer extends MultiplexingMixIn(UDPServer) {}
/** Serves a Unix stream socket, many connections at once in the event loop. */
export class MultiplexingUnixStreamServer extends MultiplexingMixIn(UnixStreamServer) {}
/** Serves a Unix datagram socket, many datagrams at once in the event loop. */
export class MultiplexingUnixDatagramServer extends MultiplexingMixIn(UnixDatagramServer) {}

/** Serves TCP, each connection in a worker thread. Source: `socketserver.ThreadingTCPServer`. */
export class ThreadingTCPServer extends ThreadingMixIn(TCPServer) {}
/** Serves UDP, each datagram in a worker thread. Source: `socketserver.ThreadingUDPServer`. */
export class ThreadingUDPServer extends ThreadingMixIn(UDPServer) {}
/** Serves a Unix stream socket, each connection in a worker thread. Source: `socketserver.ThreadingUnixStreamServer`. */
export class ThreadingUnixStreamServer extends ThreadingMixIn(UnixStreamServer) {}
/** Serves a Unix datagram socket, each datagram in a worker thread. Source: `socketserver.ThreadingUnixDatagramServer`. */
export class ThreadingUnixDatagramServer extends ThreadingMixIn(UnixDatagramServer) {}

/** Serves TCP, each connection in a child process. Source: `socketserver.ForkingTCPServer`. */
export class ForkingTCPServer extends ForkingMixIn(TCPServer) {}
/** Serves UDP, each datagram in a child process. Source: `socketserver.ForkingUDPServer`. */
export class ForkingUDPServer extends ForkingMixIn(UDPServer) {}
/** Serves a Unix stream socket, each connection in a child process. Source: `socketserver.ForkingUnixStreamServer`. */
export class ForkingUnixStreamServer extends ForkingMixIn(UnixStreamServer) {}
/** Serves a Unix datagram socket, each datagram in a child process. Source: `socketserver.ForkingUnixDatagramServer`. */
export class ForkingUnixDatagramServer extends ForkingMixIn(UnixDatagramServer) {}
