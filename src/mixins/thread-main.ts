/**
 * The program of a worker thread of a `ThreadingMixIn` server: imports the handler, and runs what the server hands over.
 *
 * @module
 */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { Address } from "../core/address.js";
import { isBlockingHandler } from "../core/blocking-handler.js";
import { BlockingSocket } from "../core/blocking-socket.js";
import { Interrupt, nativeCalls } from "../core/blocking-wait.js";
import { Socket } from "../core/socket.js";
import { defaultTransport } from "../core/transport/index.js";
import { systemErrorOf } from "../core/transport/system-error.js";
import { connectServerBlocking } from "./blocking-remote-server.js";
import { packError } from "./error-message.js";
import { importHandler } from "./handler-module.js";
import { HandlerRunner } from "./handler-runner.js";
import type { Assignment, FromRunner, RequestMessage, ToRunner } from "./messages.js";
import { connectServer } from "./remote-server.js";

/** What a thread begins with. */
export interface ThreadData {
  readonly assignment: Assignment;
  /** Calls of the server's methods. */
  readonly serverPort: MessagePort;
}

/** A socket that the server has handed over. */
function takeSocket({ addressFamily, socketType }: Assignment, descriptor: number, peer?: Address): Socket {
  const { channel } = defaultTransport.take(descriptor, peer);
  return new Socket(addressFamily, socketType, 0, {}, channel);
}

/** The same for a handler that blocks. @param peer whom a connection comes from */
function takeBlockingSocket(assignment: Assignment, descriptor: number, peer: Address | null): BlockingSocket {
  const { addressFamily, socketType } = assignment;
  return new BlockingSocket(addressFamily, socketType, 0, {}, { descriptor: takeDescriptor(descriptor), peer });
}

function takeDescriptor(descriptor: number): number {
  const result = nativeCalls().take(descriptor);
  if (result < 0) throw systemErrorOf(result);
  return descriptor;
}

async function main(port: MessagePort, { assignment, serverPort }: ThreadData): Promise<void> {
  const tell = (message: FromRunner): void => port.postMessage(message);
  const { serverAddress } = assignment;
  let runner: HandlerRunner;
  let blocks: boolean;
  try {
    const HandlerClass = await importHandler(assignment);
    blocks = isBlockingHandler(HandlerClass);
    const server = blocks ? connectServerBlocking(serverAddress, serverPort) : connectServer(serverAddress, serverPort);
    runner = new HandlerRunner(assignment, HandlerClass, server, tell);
  } catch (error) {
    tell({ type: "unusable", error: packError(error) });
    return;
  }
  let datagramSocket: Socket | BlockingSocket | null = null;
  let interrupt: Interrupt | null = null;

  function run({ id, clientAddress, descriptor, data, truncated = false }: RequestMessage): void {
    // A blocking handler has ended when run() returns; its result leaves before the next message is taken.
    interrupt?.begin(id);
    if (data === undefined) {
      const connection = blocks
        ? takeBlockingSocket(assignment, descriptor, clientAddress)
        : takeSocket(assignment, descriptor, clientAddress);
      runner.run(id, connection, clientAddress);
    } else if (datagramSocket !== null) {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      runner.run(id, [bytes, datagramSocket, truncated], clientAddress);
    }
    interrupt?.begin(0);
  }

  port.on("message", (message: ToRunner) => {
    switch (message.type) {
      case "requests":
        for (const request of message.requests) run(request);
        break;
      case "abort":
        runner.abort(message.id);
        break;
      case "datagram-socket":
        datagramSocket = blocks
          ? takeBlockingSocket(assignment, message.descriptor, null)
          : takeSocket(assignment, message.descriptor);
        break;
      case "interrupt":
        interrupt = new Interrupt(takeDescriptor(message.descriptor), (id) => runner.abort(id));
        break;
    }
  });
  tell({ type: "ready", thread: defaultTransport.thread });
}

if (parentPort !== null) void main(parentPort, workerData);
