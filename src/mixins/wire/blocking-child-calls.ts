/**
 * How a child process whose handler blocks asks the server: over a pair of Unix sockets, since Node's own channel cannot be
 * waited at. Each message is its length in four bytes, and then itself, serialised by V8.
 *
 * @module
 */

import { deserialize, serialize } from "node:v8";
import { BlockingSocket } from "../../core/blocking/socket.js";
import { isInterrupted } from "../../core/blocking/wait.js";
import { ClosedResourceError, ConnectionError, IncompleteReadError } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { events } from "../../core/server/events.js";
import type { Socket } from "../../core/socket/socket.js";
import { BlockingStreamReader, StreamReader } from "../../core/stream/reader.js";
import { answer, type Call, type CallRequest, type CallResponse, interruptedCall } from "./blocking-remote-server.js";
import { messageOf } from "./error-codec.js";
import { CALLS_DESCRIPTOR } from "./packets.js";

const LENGTH_BYTES = 4;
/** What reading fails with when one of both sides has ended. */
const ENDS = [IncompleteReadError, ConnectionError, ClosedResourceError];

/** @throws DOMException `DataCloneError`, as between threads, when the message cannot be copied */
function pack(message: CallRequest | CallResponse): Buffer {
  let body: Buffer;
  try {
    body = serialize(message);
  } catch (error) {
    throw new DOMException(messageOf(error), "DataCloneError");
  }
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

// ── the server's side ───────────────────────────────────────────────────────────────────────────────────────────────

/** Answers the questions of a child process, until it has ended, or the socket is closed. */
export async function answerChild(server: BaseServer, socket: Socket): Promise<void> {
  // A child that asks nothing for a while is none the worse, whatever time-out this program gives its sockets.
  socket.settimeout(null);
  const reader = new StreamReader(socket);
  // The child asks for one thing at a time; but what was asked for a request that was broken off holds up nobody. An answer that
  // cannot leave is waited for in vain: so the child is told, by the end of it all.
  const send = (message: CallResponse): void => void socket.sendall(pack(message)).catch(() => socket.close());
  try {
    for (;;) {
      const length = (await reader.readexactly(LENGTH_BYTES)).readUInt32LE();
      void answer(server, deserialize(await reader.readexactly(length)), send);
    }
  } catch (error) {
    // The child has ended, or is to end, which is told elsewhere; or its handler has written something else there, and nothing is
    // to be read behind that.
    if (!ENDS.some((ErrorClass) => error instanceof ErrorClass)) {
      events.error.publish({ server, error, clientAddress: null });
    }
  } finally {
    await socket.close();
  }
}

// ── the child's side ────────────────────────────────────────────────────────────────────────────────────────────────

/** How a child process asks. */
export function callBySocket(): Call {
  const socket = new BlockingSocket(undefined, undefined, undefined, { fileno: CALLS_DESCRIPTOR });
  // The handler's module may give its sockets a time-out; the server answers when it has an answer.
  socket.settimeout(null);
  const reader = new BlockingStreamReader(socket);
  // A request may be broken off anywhere. So the rest of one that has left in part goes before the next one, and what was not
  // read yet is read before its answer.
  let unsent: Uint8Array = new Uint8Array();
  let length: number | null = null;

  function receive(): CallResponse {
    length ??= reader.readexactly(LENGTH_BYTES).readUInt32LE();
    const body = reader.readexactly(length);
    length = null;
    return deserialize(body);
  }

  function sendRest(): void {
    while (unsent.length > 0) unsent = unsent.subarray(socket.send(unsent));
  }

  return (request) => {
    // What has failed is not to be done even so, when another request asks.
    if (isInterrupted()) throw interruptedCall(request);
    const packed = pack(request);
    try {
      sendRest();
      unsent = packed.subarray(socket.send(packed));
      sendRest();
      for (;;) {
        const received = receive();
        if (received.id === request.id) return received;
      }
    } catch (error) {
      throw error instanceof ClosedResourceError ? interruptedCall(request) : error;
    }
  };
}
