/**
 * {@link UDPServer}, and what it shares with servers of Unix datagrams.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { SOCK_DGRAM } from "../constants.js";
import { defaults } from "../defaults.js";
import type { Socket } from "../socket/socket.js";
import { BaseServer } from "./base-server.js";
import { events } from "./events.js";

/**
 * The request of a datagram server: the bytes, the server's socket to answer by, and whether the datagram was longer than
 * `maxPacketSize` and had to be cut. Python's request is the first two.
 */
export type DatagramRequest = readonly [data: Buffer, socket: Socket, truncated: boolean];

/** A server of datagrams: each one is a request. Source: the parts of `socketserver.UDPServer` that datagrams share. */
export abstract class DatagramServer extends BaseServer<DatagramRequest> {
  static override readonly optionNames = [...BaseServer.optionNames, "maxPacketSize"] as const;

  override readonly socketType = SOCK_DGRAM;
  /** Off, unlike for streams: a second server on the same port would take this one's datagrams. */
  override allowReuseAddress = false;
  /** Bytes of a datagram that are received; what is longer is cut, and flagged. Source: `max_packet_size`. */
  maxPacketSize: number = defaults.maxPacketSize;

  override getRequest(): [DatagramRequest, Address] | Promise<[DatagramRequest, Address]> {
    const [data, clientAddress, truncated] = this.socket.recvfromAtOnce(this.maxPacketSize);
    if (events.datagramReceive.hasSubscribers) {
      events.datagramReceive.publish({ server: this, clientAddress, size: data.length, truncated });
    }
    return [[data, this.socket, truncated], clientAddress];
  }

  /** Nothing here: the running handlers answer by the server's own socket, which is closed when they are done. */
  protected override async stopReceiving(): Promise<void> {}
}

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
