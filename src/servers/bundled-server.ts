/**
 * {@link BundledServer}: what there is to know of a server that comes with this package.
 *
 * @module
 */

import type { RequestHandlerClass } from "../core/request-handler.js";
import type { Socket } from "../core/socket.js";
import type { DatagramRequest } from "../core/udp-server.js";

/** What to send to a server to see it work, and what comes back; both without their line ends. */
export interface BundledExample {
  readonly send: string;
  readonly receive: string;
}

/** The description from which the command, its help and the tests are made. */
export interface BundledServer {
  /** What it is called: `socketserver echo`. */
  readonly name: string;
  /** What it does, in a few words that follow "it": `sends back every line in capitals`. */
  readonly summary: string;
  /** Serves connections: TCP and Unix streams. */
  readonly streamHandler: RequestHandlerClass<Socket>;
  /** Serves datagrams: UDP. */
  readonly datagramHandler: RequestHandlerClass<DatagramRequest>;
  readonly example: BundledExample;
}
