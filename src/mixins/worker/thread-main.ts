/**
 * The program of a worker thread of a `ThreadingMixIn` server: imports the handler, and runs what the server hands over.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { BlockingSocket } from "../../core/blocking/socket.js";
import { blockingTransport } from "../../core/blocking/socket-base.js";
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
import { callByPort, connectServerBlocking } from "../wire/blocking-remote-server.js";
import { packError, unpackError } from "../wire/error-codec.js";
import { importHandler } from "../wire/handler-module.js";
import type {
  ConnectionMessage,
  FromThread,
  FromWorker,
  RequestMessage,
  ToThread,
  WorkerConfig,
} from "../wire/messages.js";
import { takeConnection } from "../wire/node-connections.js";
import { RelayedDatagrams } from "../wire/relayed-datagrams.js";
import { connectServer } from "../wire/remote-server.js";
import { printAtOnce } from "./output.js";
import { HandlerExecutor, type RunnableRequest } from "./run-handlers.js";

/** What a thread begins with. */
export interface ThreadData {
  readonly config: WorkerConfig;
  /** Calls of the server's methods. */
  readonly serverPort: MessagePort;
}

/** Makes sockets of what the server hands over, and has its requests run. */
class ThreadWorker {
  readonly #config: WorkerConfig;
  readonly #send: (message: FromWorker) => void;
  readonly #blocks: boolean;
  readonly #worker: HandlerExecutor;
  /** What answers to datagrams leave by. */
  #serverSocket: Socket | BlockingSocket | null = null;
  #relay: RelayedDatagrams | null = null;
  #interrupt: Interrupt | null = null;

  constructor(
    { config, serverPort }: ThreadData,
    HandlerClass: RequestHandlerClass,
    send: (message: FromThread) => void,
  ) {
    const { serverAddress, usesDescriptors, socketType } = config;
    this.#config = config;
    this.#send = send;
    this.#blocks = isBlockingHandler(HandlerClass);
    if (this.#blocks) printAtOnce((stream, data) => send({ type: "output", stream, data }));
    const server = this.#blocks
      ? connectServerBlocking(serverAddress, callByPort(serverPort))
      : connectServer(serverAddress, serverPort);
    this.#worker = new HandlerExecutor(config, HandlerClass, server, send);
    if (usesDescriptors || socketType === SOCK_STREAM) return;
    this.#relay = new RelayedDatagrams(serverAddress, ({ id, data, address }) => {
      // A copy, since with a part of some memory all of that would travel.
      send({ type: "datagram", datagram: { id, data: new Uint8Array(data), address } });
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
        this.#worker.abort(message.id);
        break;
      case "datagram-socket":
        this.#serverSocket = this.#takeSocket(message.descriptor, null);
        break;
      case "datagram-sent":
        this.#relay?.settle(message.id, message.error === null ? null : unpackError(message.error));
        break;
      case "interrupt":
        this.#interrupt = new Interrupt(takeDescriptor(message.descriptor), (id) => this.#worker.abort(id));
        break;
    }
  }

  /** Before anything is done with them: what has not begun when this thread ends, another one does. */
  #begin(ids: readonly number[]): void {
    this.#send({ type: "ack", ids });
  }

  #run({ id, clientAddress, peer = clientAddress, descriptor, data, truncated = false }: RequestMessage): void {
    // A blocking handler has ended when run() returns; its result leaves before the next message is taken.
    this.#interrupt?.begin(id);
    try {
      const request = data === undefined ? this.#takeSocket(descriptor, peer) : this.#datagram(data, truncated);
      this.#worker.run(id, request, clientAddress);
    } catch (error) {
      this.#worker.refuse(id, error);
    }
    this.#interrupt?.begin(0);
  }

  #datagram({ buffer, byteOffset, byteLength }: Uint8Array, truncated: boolean): RunnableRequest {
    if (this.#serverSocket === null) throw closedError("answer a datagram", "sendto");
    return [Buffer.from(buffer, byteOffset, byteLength), this.#serverSocket, truncated];
  }

  #runMoved(connection: ConnectionMessage, moved: NodeSocket): void {
    const { id, clientAddress } = connection;
    this.#worker.run(id, takeConnection(this.#config, connection, moved), clientAddress);
  }

  /** A socket that the server has handed over as a descriptor. @param peer whom a connection comes from */
  #takeSocket(descriptor: number, peer: RequestMessage["clientAddress"] | null): Socket | BlockingSocket {
    const { addressFamily, socketType } = this.#config;
    const known = { family: addressFamily, kind: socketType, peer };
    if (!this.#blocks) return this.#socketOn(defaultTransport.claim(descriptor, known).channel);
    return new BlockingSocket(addressFamily, socketType, 0, {}, blockingTransport().claim(descriptor, known).channel);
  }

  #socketOn(channel: Channel): Socket {
    const { addressFamily, socketType, usesDescriptors } = this.#config;
    const transport = usesDescriptors ? defaultTransport : nodeTransport;
    return new Socket(addressFamily, socketType, 0, { transport }, channel);
  }
}

function takeDescriptor(descriptor: number): number {
  const result = nativeCalls().claim(descriptor);
  if (result < 0) throw systemErrorOf(result);
  return descriptor;
}

async function main(port: MessagePort, data: ThreadData): Promise<void> {
  const send = (message: FromThread): void => port.postMessage(message);
  process.on("exit", () => send({ type: "ending" }));
  try {
    const worker = new ThreadWorker(data, await importHandler(data.config), send);
    port.on("message", (message: ToThread) => worker.onMessage(message));
  } catch (error) {
    send({ type: "unusable", error: packError(error) });
    return;
  }
  send({ type: "ready", thread: defaultTransport.thread });
}

if (parentPort !== null) void main(parentPort, workerData);
