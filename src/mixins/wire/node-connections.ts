/**
 * Connections of the Node transport on their way to another thread or process, by Node's own means: what has to travel beside
 * them, and how they are put together again there.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import { MessageChannel } from "node:worker_threads";
import { type Address, isInetAddress } from "../../core/address/address.js";
import { IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_KEEPIDLE, TCP_NODELAY } from "../../core/constants.js";
import { codeOf } from "../../core/errors.js";
import { Socket } from "../../core/socket/socket.js";
import { peerOf } from "../../core/transport/node/addresses.js";
import { NodeConnection } from "../../core/transport/node/connection.js";
import { NodeStreamOptions } from "../../core/transport/node/stream-options.js";
import { nodeTransport } from "../../core/transport/node/transport.js";
import type { ConnectionMessage, WorkerConfig } from "./messages.js";

/** Options that Node sets when it is told to, and cannot read off a connection that was made elsewhere. */
const OPTIONS = [
  [IPPROTO_TCP, TCP_NODELAY],
  [SOL_SOCKET, SO_KEEPALIVE],
  [IPPROTO_TCP, TCP_KEEPIDLE],
] as const;

/** What is told of a connection that is about to be moved. @param unread what was received already, and not read */
export function describeConnection(
  id: number,
  socket: Socket,
  clientAddress: Address,
  unread: Uint8Array,
): ConnectionMessage {
  const set = OPTIONS.map(([level, option]) => [level, option, socket.getsockopt(level, option)] as const);
  return { id, clientAddress, unread, options: set.filter(([, , value]) => value !== 0) };
}

/** Takes in a connection that has come, as Node gives it. */
export function takeConnection(
  { addressFamily, socketType, serverAddress }: WorkerConfig,
  { clientAddress, unread, options }: ConnectionMessage,
  moved: NodeSocket,
): Socket {
  // Node does not know where a Unix stream was accepted.
  const local = isInetAddress(serverAddress) ? null : serverAddress;
  // As a listener makes them; Node has made this one with its own defaults.
  moved.allowHalfOpen = true;
  moved.pause();
  if (unread.length > 0) moved.unshift(unread);
  const channel = new NodeConnection(
    moved,
    new NodeStreamOptions(addressFamily),
    local,
    peerOf(moved) ?? clientAddress,
  );
  const socket = new Socket(addressFamily, socketType, 0, { transport: nodeTransport }, channel);
  for (const [level, option, value] of options) socket.setsockopt(level, option, value);
  return socket;
}

let movesToThreads: boolean | null = null;

/**
 * Whether this Node can move TCP connections to worker threads, which it can since 24.20 and 26.6, on Windows somewhat later.
 * Found out by trying with a socket that cannot be moved anyway: what Node says to that tells whether it could another one.
 */
export function canMoveToThreads(): boolean {
  if (movesToThreads !== null) return movesToThreads;
  const { port1 } = new MessageChannel();
  const unconnected = new NodeSocket();
  try {
    port1.postMessage(unconnected, [unconnected as never]);
  } catch (error) {
    movesToThreads = codeOf(error) === "ERR_WORKER_HANDLE_NOT_TRANSFERABLE";
  } finally {
    port1.close();
    unconnected.destroy();
  }
  return movesToThreads ?? false;
}
