/**
 * The ready-made combinations: which server, and how it runs its requests. Each is one line.
 *
 * @module
 */

import { TCPServer } from "../core/tcp-server.js";
import { UDPServer } from "../core/udp-server.js";
import { UnixDatagramServer, UnixStreamServer } from "../core/unix-server.js";
import { MultiplexingMixIn } from "./multiplexing-mixin.js";

/** Serves TCP, many connections at once in the event loop. */
export class MultiplexingTCPServer extends MultiplexingMixIn(TCPServer) {}
/** Serves UDP, many datagrams at once in the event loop. */
export class MultiplexingUDPServer extends MultiplexingMixIn(UDPServer) {}
/** Serves a Unix stream socket, many connections at once in the event loop. */
export class MultiplexingUnixStreamServer extends MultiplexingMixIn(UnixStreamServer) {}
/** Serves a Unix datagram socket, many datagrams at once in the event loop. */
export class MultiplexingUnixDatagramServer extends MultiplexingMixIn(UnixDatagramServer) {}
