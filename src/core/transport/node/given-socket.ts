/**
 * Connections that are given to Node: the socket as a user of Node expects it.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import { Duplex } from "node:stream";

/**
 * Makes a paused socket like one that is new: its reading begins with the first listener.
 *
 * @param unread bytes to be read first. The socket must not have emitted its end.
 */
export function asFreshSocket(socket: NodeSocket, unread: Buffer): NodeSocket {
  if (unread.length > 0) socket.unshift(unread);
  // Node forgets that a stream was paused when its last "readable" listener goes.
  socket.on("readable", ignore).off("readable", ignore);
  return socket.on("error", ignore);
}

/**
 * A stream of bytes that have come already, and of the end or the failure after them; what is written to it goes to the socket.
 */
export function replay(bytes: Buffer, socket: NodeSocket, failure: Error | null): Duplex {
  let left: Buffer | null = bytes.length > 0 ? bytes : null;
  const stream = new Duplex({
    read() {
      const next = left;
      left = null;
      if (next === null && failure !== null) this.destroy(failure);
      else this.push(next);
    },
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("error", (error) => stream.destroy(error));
  return stream.on("error", ignore);
}

/** A connection may break before its new owner listens for errors: that is no error of the process. */
function ignore(): void {}
