/**
 * {@link ProcessWorker}: what a child process of a `ForkingMixIn` server does.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import { BlockingSocket } from "../../core/blocking/socket.js";
import { blockingTransport } from "../../core/blocking/socket-base.js";
import { Interrupt, nativeCalls } from "../../core/blocking/wait.js";
import { SOCK_STREAM } from "../../core/constants.js";
import { osError } from "../../core/errors.js";
import { isBlockingHandler } from "../../core/server/blocking-handler.js";
import type { RequestHandlerClass } from "../../core/server/handler.js";
import { Socket } from "../../core/socket/socket.js";
import { defaultTransport } from "../../core/transport/index.js";
import { nodeTransport } from "../../core/transport/node/transport.js";
import { systemErrorOf } from "../../core/transport/system-error.js";
import type { Channel, KnownSocket } from "../../core/transport/transport.js";
import { callBySocket } from "../wire/blocking-child-calls.js";
import { connectServerBlocking } from "../wire/blocking-remote-server.js";
import { CallEndpoint } from "../wire/call-endpoint.js";
import { packError, unpackError } from "../wire/error-codec.js";
import { importHandler } from "../wire/handler-module.js";
import type { ConnectionMessage, FromChild, RequestMessage, ToChild, WorkerConfig } from "../wire/messages.js";
import { takeConnection } from "../wire/node-connections.js";
import { INTERRUPT_DESCRIPTOR, LINK_DESCRIPTOR, SERVER_SOCKET } from "../wire/packets.js";
import { RelayedDatagrams } from "../wire/relayed-datagrams.js";
import { connectServer } from "../wire/remote-server.js";
import { DescriptorReceiver } from "./receive-handoff.js";
import { HandlerExecutor, type RunnableRequest } from "./run-handlers.js";

const calls = new CallEndpoint((data) => send({ type: "call", data }));

/** Tells the server. A failure is no error of this process: the server has ended, and this process is about to. */
function send(message: FromChild, done: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, done);
}

/** Imports the handler, and says whether it can be run. */
export async function startWorker(config: WorkerConfig): Promise<void> {
  // Errors of requests have a listener. Any other ends this process, and the server is told why.
  process.on("uncaughtExceptionMonitor", (error) => {
    if (process.listenerCount("uncaughtException") === 0) send({ type: "failed", message: error.message });
  });
  try {
    const HandlerClass = await importHandler(config);
    new ProcessWorker(config, HandlerClass).start();
  } catch (error) {
    send({ type: "unusable", error: packError(error) });
  }
}

/** Puts requests together from what comes by the two ways, and has them run. */
class ProcessWorker {
  readonly #config: WorkerConfig;
  readonly #worker: HandlerExecutor;
  /** What answers to datagrams leave by. */
  #serverSocket: Socket | BlockingSocket | null = null;
  #relay: RelayedDatagrams | null = null;
  /** By which it is woken, where its handlers block. */
  readonly #interrupt: Interrupt | null = null;
  /** Told of, and without their connection (or the server's socket, for datagrams) as yet. */
  readonly #expected = new Map<number, RequestMessage>();
  /** The other way round; without a descriptor where it was lost. */
  readonly #arrived = new Map<number, number | null>();
  /** Connections that Node has brought, and whose sending is not told as yet. */
  readonly #taken = new Set<number>();
  /** Connections that Node has brought, and that are not running as yet. */
  readonly #starting = new Set<number>();
  /** To be broken off as soon as they are complete. */
  readonly #unwanted = new Set<number>();

  constructor(config: WorkerConfig, HandlerClass: RequestHandlerClass) {
    this.#config = config;
    const { serverAddress } = config;
    const blocks = isBlockingHandler(HandlerClass);
    const server = blocks ? connectServerBlocking(serverAddress, callBySocket()) : connectServer(serverAddress, calls);
    this.#worker = new HandlerExecutor(config, HandlerClass, server, (message) => send(message));
    if (blocks) this.#interrupt = this.#openInterrupt();
  }

  #openInterrupt(): Interrupt {
    // Its end would not be heard of on Node's channel.
    return new Interrupt(
      adopt(INTERRUPT_DESCRIPTOR),
      (id) => this.#worker.abort(id),
      () => process.exit(),
    );
  }

  start(): void {
    const { usesDescriptors, socketType, serverAddress } = this.#config;
    if (usesDescriptors) {
      const { channel } = defaultTransport.adopt(LINK_DESCRIPTOR);
      new DescriptorReceiver(channel, (id, descriptor) => this.#onDescriptor(id, descriptor));
    } else if (socketType !== SOCK_STREAM) {
      this.#relay = new RelayedDatagrams(serverAddress, (datagram) => send({ type: "datagram", datagram }));
      this.#serverSocket = this.#socketOn(this.#relay);
    }
    process.on("message", (message: ToChild, handle: unknown) => this.#onMessage(message, handle));
    send({ type: "ready", thread: 0 });
  }

  /** A socket that the server has sent as a descriptor. */
  #takeSocket(descriptor: number, known?: KnownSocket): Socket | BlockingSocket {
    const { addressFamily, socketType } = this.#config;
    if (this.#interrupt === null) return this.#socketOn(defaultTransport.claim(descriptor, known).channel);
    return new BlockingSocket(addressFamily, socketType, 0, {}, blockingTransport().claim(descriptor, known).channel);
  }

  #socketOn(channel: Channel): Socket {
    const { addressFamily, socketType, usesDescriptors } = this.#config;
    const transport = usesDescriptors ? defaultTransport : nodeTransport;
    return new Socket(addressFamily, socketType, 0, { transport }, channel);
  }

  #onMessage(message: ToChild, handle: unknown): void {
    switch (message.type) {
      case "requests":
        if (this.#config.socketType === SOCK_STREAM) for (const request of message.requests) this.#onRequest(request);
        else this.#onDatagrams(message.requests);
        break;
      case "connection":
        this.#onConnection(message.connection, handle);
        break;
      case "connection-sent":
        if (!this.#taken.delete(message.id)) this.#worker.refuse(message.id, lost("accept"));
        break;
      case "abort":
        if (this.#expected.has(message.id) || this.#starting.has(message.id)) this.#unwanted.add(message.id);
        else this.#worker.abort(message.id);
        break;
      case "datagram-sent":
        this.#relay?.settle(message.id, message.error === null ? null : unpackError(message.error));
        break;
      case "call":
        calls.deliver(message.data);
        break;
    }
  }

  /** Runs what has come when the server has been told, and not before: what was not when this process ends, another one does. */
  #begin(ids: readonly number[], run: () => void): void {
    for (const id of ids) this.#starting.add(id);
    send({ type: "ack", ids }, () => {
      for (const id of ids) this.#starting.delete(id);
      run();
    });
  }

  #run({ id, clientAddress }: RequestMessage | ConnectionMessage, open: () => RunnableRequest): void {
    const isUnwanted = this.#unwanted.delete(id);
    this.#interrupt?.begin(id);
    try {
      this.#worker.run(id, open(), clientAddress);
    } catch (error) {
      this.#worker.refuse(id, error);
    }
    this.#interrupt?.begin(0);
    if (isUnwanted) this.#worker.abort(id);
  }

  // ── connections as descriptors ────────────────────────────────────────────────────────────────────────────────────

  #onRequest(request: RequestMessage): void {
    const descriptor = this.#arrived.get(request.id);
    if (descriptor === undefined) {
      this.#expected.set(request.id, request);
    } else {
      this.#arrived.delete(request.id);
      this.#runConnection(request, descriptor);
    }
  }

  #onDescriptor(id: number, descriptor: number | null): void {
    if (id === SERVER_SOCKET) {
      this.#onServerSocket(descriptor);
      return;
    }
    const request = this.#expected.get(id);
    if (request === undefined) {
      this.#arrived.set(id, descriptor);
    } else {
      this.#expected.delete(id);
      this.#runConnection(request, descriptor);
    }
  }

  #runConnection(request: RequestMessage, descriptor: number | null): void {
    this.#run(request, () => {
      if (descriptor === null) throw lost("recvmsg");
      const { addressFamily, socketType } = this.#config;
      const { clientAddress, peer = clientAddress } = request;
      // Of a peer that has left already the system knows no more.
      return this.#takeSocket(descriptor, { family: addressFamily, kind: socketType, peer });
    });
  }

  // ── connections that Node moves ───────────────────────────────────────────────────────────────────────────────────

  #onConnection(connection: ConnectionMessage, handle: unknown): void {
    const { id } = connection;
    this.#taken.add(id);
    if (handle instanceof NodeSocket) {
      const socket = takeConnection(this.#config, connection, handle);
      this.#begin([id], () => this.#run(connection, () => socket));
    } else {
      // The client was gone before Node could move it.
      this.#worker.refuse(id, osError("take over a connection", "ECONNRESET", "accept"));
    }
  }

  // ── datagrams ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #onDatagrams(requests: readonly RequestMessage[]): void {
    const ids = requests.map(({ id }) => id);
    this.#begin(ids, () => {
      for (const request of requests) this.#runDatagram(request);
    });
  }

  #runDatagram(request: RequestMessage): void {
    const socket = this.#serverSocket;
    if (socket === null) {
      this.#expected.set(request.id, request);
      return;
    }
    const { buffer, byteOffset, byteLength } = request.data ?? new Uint8Array();
    const data = Buffer.from(buffer, byteOffset, byteLength);
    this.#run(request, () => [data, socket, request.truncated ?? false]);
  }

  #onServerSocket(descriptor: number | null): void {
    if (descriptor === null) throw lost("recvmsg");
    this.#serverSocket = this.#takeSocket(descriptor);
    const requests = [...this.#expected.values()];
    this.#expected.clear();
    for (const request of requests) this.#runDatagram(request);
  }
}

/** Takes over a descriptor that nobody owns here. */
function adopt(descriptor: number): number {
  const result = nativeCalls().adopt(descriptor);
  if (result < 0) throw systemErrorOf(result);
  return descriptor;
}

/** This process has no room for the descriptor. */
function lost(syscall: string): Error {
  return osError("take over a connection", "EMFILE", syscall);
}
