/**
 * {@link readDirectly}: takes what one of Node's sockets receives before it becomes events of a stream.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import type { NodeStreamOptions } from "./stream-options.js";

/** Where Node puts what it has read, for all connections: each is told before the next one is read from. */
const arrival = Buffer.allocUnsafeSlow(65_536);

/** On Windows the system itself writes there while it waits, so that each connection would need memory of its own. */
const isShared = process.platform !== "win32";

/**
 * Has Node give what a connection receives to a function (its option `onread`) instead of making memory, and events, of every
 * read: a third of what a short message costs otherwise.
 *
 * Node has that for connections that it is asked to make, and for accepted ones no public way. So the connection's handle goes to
 * a new socket that has the option; what Node does not have, or not as it was, is left as it is.
 *
 * @param socket nobody has read from it as yet.
 * @param onBytes told of the bytes, which it has to copy; returns whether Node is to read on.
 * @returns the socket in its place, which reads already, without listeners; `null` when this one is to be read as a stream.
 */
export function readDirectly(
  socket: NodeSocket,
  { noDelay, keepAlive }: NodeStreamOptions,
  onBytes: (length: number, memory: Buffer) => boolean,
): NodeSocket | null {
  const handle: unknown = "_handle" in socket ? socket._handle : null;
  if (typeof handle !== "object" || handle === null || !("useUserBuffer" in handle) || !isShared) return null;
  // What is on its way in either direction is known to the old socket alone, and so is what has failed.
  const isBusy = socket.readableLength > 0 || socket.writableLength > 0 || socket.writableEnded;
  if (isBusy || socket.errored !== null || socket.destroyed) return null;
  const options = {
    handle,
    allowHalfOpen: true,
    // As they are set: the socket remembers them, and does nothing where it is told the same.
    noDelay,
    keepAlive,
    onread: { buffer: arrival, callback: onBytes },
  };
  const direct = new NodeSocket(options);
  Reflect.set(socket, "_handle", null);
  socket.destroy();
  return direct;
}
