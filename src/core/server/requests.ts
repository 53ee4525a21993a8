/**
 * The types of requests: what servers hand out, and what their handlers get.
 *
 * @module
 */

import type { BlockingSocket } from "../blocking/socket.js";
import type { Socket } from "../socket/socket.js";

/**
 * The request of a datagram server: the bytes, the server's socket to answer by, and whether the datagram was longer than
 * `maxPacketSize` and had to be cut. Python's request is the first two.
 */
export type DatagramRequest = readonly [data: Buffer, socket: Socket, truncated: boolean];

/**
 * The request of a blocking handler of datagrams: the bytes, a socket to answer by, and whether the datagram was longer than
 * `maxPacketSize` and had to be cut. Python's request is the first two.
 */
export type BlockingDatagramRequest = readonly [data: Buffer, socket: BlockingSocket, truncated: boolean];

/** What a blocking handler gets where another one would get that. */
export type BlockingRequestOf<Request> = Request extends Socket
  ? BlockingSocket
  : Request extends DatagramRequest
    ? BlockingDatagramRequest
    : Request;
