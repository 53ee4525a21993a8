/**
 * {@link answerAndEnd}: the whole conversation of a server that says one thing.
 *
 * @module
 */

import { SHUT_WR } from "../core/constants.js";
import { ConnectionError, codeOf, TimeoutError } from "../core/errors.js";
import type { Socket } from "../core/socket/socket.js";

/** How long a client may take to end its side, in seconds: long for a network's round trip, short for who waits behind it. */
const LINGER_TIME = 1;
const CHUNK_SIZE = 65_536;

/**
 * Sends an answer, whatever the client says, and ends the sending. What the client sends is thrown away until it ends as well,
 * for a second at most.
 *
 * Closed at once, a connection with bytes that nobody has read is broken by the system, and with some systems the client then
 * loses the answer that it had not read yet.
 */
export async function answerAndEnd(connection: Socket, answer: string | Uint8Array): Promise<void> {
  await connection.sendall(answer);
  const deadline = performance.now() + LINGER_TIME * 1000;
  try {
    await connection.shutdown(SHUT_WR);
    for (let left = LINGER_TIME; left > 0; left = (deadline - performance.now()) / 1000) {
      connection.settimeout(left);
      if ((await connection.recv(CHUNK_SIZE)).length === 0) return;
    }
  } catch (error) {
    // It keeps its side open, or has broken off: either way it has been answered.
    const isGone = error instanceof ConnectionError || codeOf(error) === "ENOTCONN";
    if (!isGone && !(error instanceof TimeoutError)) throw error;
  }
}
