/**
 * Connections of the Node transport that move to another process, by way of `child.send(message, socket)`.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import type { Address } from "../address.js";
import type { AddressFamily } from "../constants.js";
import { NodeConnection } from "./node-connection.js";
import { NodeStreamOptions } from "./node-stream-options.js";
import type { Channel } from "./transport.js";

/**
 * Makes a connection ready to leave: from now on nothing is read here, where it would be lost.
 *
 * @param socket what `Channel.toNodeSocket()` gave.
 * @returns what Node has read already, which has to travel beside the connection.
 */
export function takeUnread(socket: NodeSocket): Buffer | null {
  const unread: Buffer | null = socket.readableLength === 0 ? null : socket.read();
  // Node reads on a little after pause(), and has no public way to stop it. A listener's connections are not read before
  // somebody asks, so this is for those alone that verifyRequest() has read from.
  const handle: unknown = "_handle" in socket ? socket._handle : null;
  if (typeof handle === "object" && handle !== null && "readStop" in handle && typeof handle.readStop === "function") {
    handle.readStop();
  }
  return unread;
}

/**
 * Takes in a connection that has come from another process.
 *
 * @param local its own address where Node does not know it: that of a Unix stream.
 * @param peer whom it is with, where Node no longer knows.
 * @param unread what {@link takeUnread} gave.
 */
export function adoptConnection(
  socket: NodeSocket,
  family: AddressFamily,
  local: Address | null,
  peer: Address,
  unread: Uint8Array | null,
): Channel {
  // As a listener makes them; Node has made this one with its own defaults.
  socket.allowHalfOpen = true;
  socket.pause();
  if (unread !== null) socket.unshift(unread);
  const { remoteAddress, remotePort } = socket;
  const known: Address = remoteAddress === undefined || remotePort === undefined ? peer : [remoteAddress, remotePort];
  return new NodeConnection(socket, new NodeStreamOptions(family), local, known);
}
