/**
 * Connections of the Node transport that have come from another process, by way of `child.send(message, socket)`.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import type { Address } from "../../address/address.js";
import type { AddressFamily } from "../../constants.js";
import type { Channel } from "../transport.js";
import { peerOf } from "./addresses.js";
import { NodeConnection } from "./connection.js";
import { NodeStreamOptions } from "./stream-options.js";

/**
 * Takes in a connection that has come from another process.
 *
 * @param local its own address where Node does not know it: that of a Unix stream.
 * @param peer whom it is with, where Node no longer knows.
 * @param unread what was received there, and not read.
 */
export function adoptConnection(
  socket: NodeSocket,
  family: AddressFamily,
  local: Address | null,
  peer: Address,
  unread: Uint8Array,
): Channel {
  // As a listener makes them; Node has made this one with its own defaults.
  socket.allowHalfOpen = true;
  socket.pause();
  if (unread.length > 0) socket.unshift(unread);
  return new NodeConnection(socket, new NodeStreamOptions(family), local, peerOf(socket) ?? peer);
}
