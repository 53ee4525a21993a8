/**
 * The transport made of `node:net` and `node:dgram`: it runs wherever Node runs.
 *
 * @module
 */

import { type AddressFamily, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, type SocketKind } from "../../constants.js";
import { unsupported } from "../../errors.js";
import type { AdoptedSocket, Channel, Transport } from "../transport.js";
import { NodeDatagram } from "./datagram.js";
import { NodeUnconnectedStream } from "./unconnected-stream.js";

/** Sockets by way of Node's own modules. */
export const nodeTransport: Transport = {
  name: "node",
  features: {
    unixDatagrams: false,
    rawSockets: false,
    blockingSockets: false,
    acceptOnDemand: false,
    allSocketOptions: false,
    descriptors: false,
  },
  open(family: AddressFamily, kind: SocketKind): Channel {
    if (kind === SOCK_STREAM) return new NodeUnconnectedStream(family);
    if (kind === SOCK_DGRAM && family !== AF_UNIX) return new NodeDatagram(family);
    const what = kind === SOCK_DGRAM ? "Unix datagram sockets" : "raw and sequenced-packet sockets";
    throw unsupported(
      `The Node transport has no ${what}`,
      "Node has no such sockets; the native transport has. capabilities() tells why it is not in use.",
      "socket",
    );
  },
  openPair: () => null,
  thread: 0,
  claim(descriptor: number): AdoptedSocket {
    return this.adopt(descriptor);
  },
  adopt(descriptor: number): AdoptedSocket {
    throw unsupported(
      `The Node transport cannot take over the descriptor ${descriptor}`,
      "The native transport can; capabilities() tells why it is not in use.",
      "socket",
    );
  },
};
