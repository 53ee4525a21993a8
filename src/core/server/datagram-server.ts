/**
 * {@link DatagramServer}: what the servers of UDP and of Unix datagrams share.
 *
 * @module
 */

import type { Address } from "../address/address.js";
import { SOCK_DGRAM } from "../constants.js";
import { defaults } from "../defaults.js";
import { BaseServer } from "./base-server.js";
import { events } from "./events.js";
import type { DatagramRequest } from "./requests.js";

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
