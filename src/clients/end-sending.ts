/**
 * {@link endSending}: tells the other side that nothing more comes.
 *
 * @module
 */

import { SHUT_WR } from "../core/constants.js";
import { codeOf } from "../core/errors.js";
import type { Socket } from "../core/socket/socket.js";

/**
 * Ends the sending (`SHUT_WR`), while receiving goes on.
 *
 * Where the other side was quicker, and has broken off, there is nothing to end: the next `recv()` tells that.
 */
export async function endSending(socket: Socket): Promise<void> {
  try {
    await socket.shutdown(SHUT_WR);
  } catch (error) {
    if (codeOf(error) !== "ENOTCONN") throw error;
  }
}
