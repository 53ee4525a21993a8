/**
 * What this transport takes from inside Node, for lack of a public way. All of it is here, and works on a Node that has changed
 * it: a descriptor is then unknown, and a connection that was read from before it moved to a child process may lose bytes.
 *
 * Seen on Node 20.20, 22.23 and 24.22.
 *
 * @module
 */

import type { Socket as NodeDatagramSocket } from "node:dgram";
import type { Server as NodeServer, Socket as NodeSocket } from "node:net";

/** The number of the descriptor behind one of Node's sockets, or -1. It only informs. */
export function descriptorOf(nodeSocket: NodeSocket | NodeServer | NodeDatagramSocket): number {
  const handle = handleOf(nodeSocket) ?? handleOf(stateOf(nodeSocket));
  const descriptor = handle !== null && "fd" in handle ? handle.fd : -1;
  return typeof descriptor === "number" ? descriptor : -1;
}

/**
 * Has Node read no more from a paused connection. Node reads on to fill its buffer otherwise, also when another process has the
 * connection already.
 */
export function stopReading(nodeSocket: NodeSocket): void {
  const handle = handleOf(nodeSocket);
  if (handle !== null && "readStop" in handle && typeof handle.readStop === "function") handle.readStop();
}

/** `node:net` keeps its handle as `_handle`, `node:dgram` as `handle` of its state. */
function handleOf(holder: object | null): object | null {
  if (holder === null) return null;
  const handle: unknown = Reflect.get(holder, "_handle") ?? Reflect.get(holder, "handle");
  return typeof handle === "object" ? handle : null;
}

function stateOf(nodeSocket: object): object | null {
  const symbol = Object.getOwnPropertySymbols(nodeSocket).find(({ description }) => description === "state symbol");
  const state: unknown = symbol === undefined ? null : Reflect.get(nodeSocket, symbol);
  return typeof state === "object" ? state : null;
}
