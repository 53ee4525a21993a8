/**
 * The program of a worker thread of a `ThreadingMixIn` server: imports the handler, and runs what the server hands over.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { BlockingSocket } from "../../core/blocking/socket.js";
import { Interrupt, nativeCalls } from "../../core/blocking/wait.js";
import { SOCK_STREAM } from "../../core/constants.js";
import { closedError } from "../../core/errors.js";
import { isBlockingHandler } from "../../core/server/blocking-handler.js";
import type { RequestHandlerClass } from "../../core/server/handler.js";
import { Socket } from "../../core/socket/socket.js";
import { defaultTransport } from "../../core/transport/index.js";
import { nodeTransport } from "../../core/transport/node/transport.js";
import { systemErrorOf } from "../../core/transport/system-error.js";
import type { Channel } from "../../core/transport/transport.js";
import { askByPort, connectServerBlocking } from "../wire/blocking-remote-server.js";
import { packError, unpackError } from "../wire/error-codec.js";
import { importHandler } from "../wire/handler-module.js";
import type {
  Assignment,
  ConnectionMessage,
  FromRunner,
  FromThread,
  RequestMessage,
  ToThread,
} from "../wire/messages.js";
import { takeConnection } from "../wire/node-connections.js";
import { RelayedDatagrams } from "../wire/relayed-datagrams.js";
import { connectServer } from "../wire/remote-server.js";
import { printAtOnce } from "./output.js";
import { HandlerRunner, type RunnableRequest } from "./run-handlers.js";

/** What a thread begins with. */
export interface ThreadData {
  readonly assignment: Assignment;
  /** Calls of the server's methods. */
  readonly serverPort: MessagePort;
}

/** Makes sockets of what the server hands over, and has its requests run. */
class ThreadRunner {
  readonly #assignment: Assignment;
  readonly #tell: (message: FromRunner) => void;
  readonly #blocks: boolean;
  readonly #runner: HandlerRunner;
  /** What answers to datagrams leave by. */
  #serverSocket: Socket | BlockingSocket | null = null;
  #relay: RelayedDatagrams | null = null;
  #interrupt: Interrupt | null = null;

  constructor(
    { assignment, serverPort }: ThreadData,
    HandlerClass: RequestHandlerClass,
    tell: (message: FromThread) => void,
  ) {
    const { serverAddress, usesDescriptors, socketType } = assignment;
    this.#assignment = assignment;
    this.#tell = tell;
    this.#blocks = isBlockingHandler(HandlerClass);
    if (this.#blocks) printAtOnce((stream, data) => tell({ type: "output", stream, data }));
    const server = this.#blocks
      ? connectServerBlocking(serverAddress, askByPort(serverPort))
      : connectServer(serverAddress, serverPort);
    this.#runner = new HandlerRunner(assignment, HandlerClass, server, tell);
    if (usesDescriptors || socketType === SOCK_STREAM) return;
    this.#relay = new RelayedDatagrams(serverAddress, ({ id, data, address }) => {
      // A copy, since with a part of some memory all of that would travel.
      tell({ type: "datagram", datagram: { id, data: new Uint8Array(data), address } });
    });
    this.#serverSocket = this.#socketOn(this.#relay);
  }

  onMessage(message: ToThread): void {
    switch (message.type) {
      case "requests":
        this.#begin(message.requests.map(({ id }) => id));
        for (const request of message.requests) this.#run(request);
        break;
      case "connection":
        this.#begin([message.connection.id]);
        this.#runMoved(message.connection, message.socket);
        break;
      case "abort":
        this.#runner.abort(message.id);
        break;
      case "datagram-socket":
        this.#serverSocket = this.#takeSocket(message.descriptor, null);
        break;
      case "datagram-sent":
        this.#relay?.settle(message.id, message.error === null ? null : unpackError(message.error));
        break;
      case "interrupt":
        this.#interrupt = new Interrupt(takeDescriptor(message.descriptor), (id) => this.#runner.abort(id));
        break;
    }
  }

  /** Before anything is done with them: what has not begun when this thread ends, another one does. */
  #begin(ids: readonly number[]): void {
    this.#tell({ type: "begun", ids });
  }

  #run({ id, clientAddress, peer = clientAddress, descriptor, data, truncated = false }: RequestMessage): void {
    // A blocking handler has ended when run() returns; its result leaves before the next message is taken.
    this.#interrupt?.begin(id);
    try {
      const request = data === undefined ? this.#takeSocket(descriptor, peer) : this.#datagram(data, truncated);
      this.#runner.run(id, request, clientAddress);
    } catch (error) {
      this.#runner.refuse(id, error);
    }
    this.#interrupt?.begin(0);
  }

  #datagram({ buffer, byteOffset, byteLength }: Uint8Array, truncated: boolean): RunnableRequest {
    if (this.#serverSocket === null) throw closedError("answer a datagram", "sendto");
    return [Buffer.from(buffer, byteOffset, byteLength), this.#serverSocket, truncated];
  }

  #runMoved(connection: ConnectionMessage, moved: NodeSocket): void {
    const { id, clientAddress } = connection;
    this.#runner.run(id, takeConnection(this.#assignment, connection, moved), clientAddress);
  }

  /** A socket that the server has handed over as a descriptor. @param peer whom a connection comes from */
  #takeSocket(descriptor: number, peer: RequestMessage["clientAddress"] | null): Socket | BlockingSocket {
    const { addressFamily, socketType } = this.#assignment;
    if (!this.#blocks) {
      const known = { family: addressFamily, kind: socketType, peer };
      return this.#socketOn(defaultTransport.take(descriptor, known).channel);
    }
    return new BlockingSocket(addressFamily, socketType, 0, {}, { descriptor: takeDescriptor(descriptor), peer });
  }

  #socketOn(channel: Channel): Socket {
    const { addressFamily, socketType, usesDescriptors } = this.#assignment;
    const transport = usesDescriptors ? defaultTransport : nodeTransport;
    return new Socket(addressFamily, socketType, 0, { transport }, channel);
  }
}

function takeDescriptor(descriptor: number): number {
  const result = nativeCalls().take(descriptor);
  if (result < 0) throw systemErrorOf(result);
  return descriptor;
}

async function main(port: MessagePort, data: ThreadData): Promise<void> {
  const tell = (message: FromThread): void => port.postMessage(message);
  process.on("exit", () => tell({ type: "ending" }));
  try {
    const runner = new ThreadRunner(data, await importHandler(data.assignment), tell);
    port.on("message", (message: ToThread) => runner.onMessage(message));
  } catch (error) {
    tell({ type: "unusable", error: packError(error) });
    return;
  }
  tell({ type: "ready", thread: defaultTransport.thread });
}

if (parentPort !== null) void main(parentPort, workerData);
