/**
 * {@link ChildRunner}: what a child process of a `ForkingMixIn` server does.
 *
 * @module
 */

import { Socket as NodeSocket } from "node:net";
import { SOCK_STREAM } from "../core/constants.js";
import { osError } from "../core/errors.js";
import type { RequestHandlerClass } from "../core/request-handler.js";
import { Socket } from "../core/socket.js";
import { defaultTransport } from "../core/transport/index.js";
import { adoptConnection } from "../core/transport/node-migration.js";
import { nodeTransport } from "../core/transport/node-transport.js";
import type { Channel } from "../core/transport/transport.js";
import { CallEndpoint } from "./call-endpoint.js";
import { LINK_DESCRIPTOR, SERVER_SOCKET } from "./descriptor-packets.js";
import { DescriptorReceiver } from "./descriptor-receiver.js";
import { packError, unpackError } from "./error-message.js";
import { importHandler } from "./handler-module.js";
import { HandlerRunner } from "./handler-runner.js";
import type { Assignment, ConnectionMessage, FromChild, RequestMessage, ToChild } from "./messages.js";
import { RelayedDatagrams } from "./relayed-datagrams.js";
import { connectServer } from "./remote-server.js";

/** What the server says first. */
type Start = Extract<ToChild, { type: "assignment" }>;

const calls = new CallEndpoint((data) => tell({ type: "call", data }));

/** Tells the server. A failure is no error of this process: the server has ended, and this process is about to. */
function tell(message: FromChild, done: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, done);
}

/** Imports the handler, and says whether it can be run. */
export async function startRunner({ assignment, usesDescriptors }: Start): Promise<void> {
  // Errors of requests have a listener. Any other ends this process, and the server is told why.
  process.on("uncaughtExceptionMonitor", (error) => {
    if (process.listenerCount("uncaughtException") === 0) tell({ type: "failed", message: error.message });
  });
  try {
    const HandlerClass = await importHandler(assignment);
    new ChildRunner(assignment, HandlerClass, usesDescriptors).start();
  } catch (error) {
    tell({ type: "unusable", error: packError(error) });
  }
}

/** Puts requests together from what comes by the two ways, and has them run. */
class ChildRunner {
  readonly #assignment: Assignment;
  readonly #runner: HandlerRunner;
  readonly #usesDescriptors: boolean;
  /** What answers to datagrams leave by. */
  #serverSocket: Socket | null = null;
  #relay: RelayedDatagrams | null = null;
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

  constructor(assignment: Assignment, HandlerClass: RequestHandlerClass, usesDescriptors: boolean) {
    this.#assignment = assignment;
    this.#usesDescriptors = usesDescriptors;
    const server = connectServer(assignment.serverAddress, calls);
    this.#runner = new HandlerRunner(assignment, HandlerClass, server, (message) => tell(message));
  }

  start(): void {
    if (this.#usesDescriptors) {
      const { channel } = defaultTransport.adopt(LINK_DESCRIPTOR);
      new DescriptorReceiver(channel, (id, descriptor) => this.#onDescriptor(id, descriptor));
    } else if (this.#assignment.socketType !== SOCK_STREAM) {
      const post = (id: number, data: Uint8Array, address: RequestMessage["clientAddress"]): void =>
        tell({ type: "datagram", id, data, address });
      this.#relay = new RelayedDatagrams(this.#assignment.serverAddress, post);
      this.#serverSocket = this.#socketOn(this.#relay);
    }
    process.on("message", (message: ToChild, handle: unknown) => this.#onMessage(message, handle));
    tell({ type: "ready", thread: 0 });
  }

  #socketOn(channel: Channel): Socket {
    const { addressFamily, socketType } = this.#assignment;
    const transport = this.#usesDescriptors ? defaultTransport : nodeTransport;
    return new Socket(addressFamily, socketType, 0, { transport }, channel);
  }

  #onMessage(message: ToChild, handle: unknown): void {
    switch (message.type) {
      case "requests":
        for (const request of message.requests) this.#onRequest(request);
        break;
      case "connection":
        this.#onConnection(message.connection, handle);
        break;
      case "connection-sent":
        if (!this.#taken.delete(message.id)) refuse(message.id, lost("accept"));
        break;
      case "abort":
        if (this.#expected.has(message.id) || this.#starting.has(message.id)) this.#unwanted.add(message.id);
        else this.#runner.abort(message.id);
        break;
      case "datagram-sent":
        this.#relay?.settle(message.id, message.error === null ? null : unpackError(message.error));
        break;
      case "call":
        calls.deliver(message.data);
        break;
    }
  }

  // ── datagrams, and connections as descriptors ─────────────────────────────────────────────────────────────────────

  #onRequest(request: RequestMessage): void {
    const descriptor = this.#arrived.get(request.id);
    if (request.data !== undefined && this.#serverSocket !== null) {
      this.#runDatagram(request, request.data, this.#serverSocket);
    } else if (descriptor !== undefined) {
      this.#arrived.delete(request.id);
      this.#runConnection(request, descriptor);
    } else {
      this.#expected.set(request.id, request);
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

  #onServerSocket(descriptor: number | null): void {
    if (descriptor === null) throw lost("recvmsg");
    const socket = this.#socketOn(defaultTransport.take(descriptor).channel);
    this.#serverSocket = socket;
    for (const request of this.#expected.values()) this.#runDatagram(request, request.data, socket);
    this.#expected.clear();
  }

  #runDatagram(
    { id, clientAddress, truncated = false }: RequestMessage,
    data: Uint8Array = new Uint8Array(),
    socket: Socket,
  ): void {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#runner.run(id, [bytes, socket, truncated], clientAddress);
  }

  #runConnection({ id, clientAddress }: RequestMessage, descriptor: number | null): void {
    try {
      if (descriptor === null) throw lost("recvmsg");
      this.#run(id, this.#socketOn(defaultTransport.take(descriptor, clientAddress).channel), clientAddress);
    } catch (error) {
      refuse(id, error);
    }
  }

  #run(id: number, socket: Socket, clientAddress: RequestMessage["clientAddress"]): void {
    this.#runner.run(id, socket, clientAddress);
    if (this.#unwanted.delete(id)) this.#runner.abort(id);
  }

  // ── connections that Node moves ───────────────────────────────────────────────────────────────────────────────────

  #onConnection({ id, clientAddress, unread, options }: ConnectionMessage, handle: unknown): void {
    this.#taken.add(id);
    if (!(handle instanceof NodeSocket)) {
      // The client was gone before Node could move it.
      refuse(id, osError("take over a connection", "ECONNRESET", "accept"));
      return;
    }
    const { addressFamily, serverAddress } = this.#assignment;
    const local = typeof serverAddress === "string" ? serverAddress : null;
    const socket = this.#socketOn(adoptConnection(handle, addressFamily, local, clientAddress, unread));
    for (const [level, option, value] of options) socket.setsockopt(level, option, value);
    // Once that has left, and not before: what was not confirmed when this process ends, another one does.
    this.#starting.add(id);
    tell({ type: "taken", id }, () => {
      this.#starting.delete(id);
      this.#run(id, socket, clientAddress);
    });
  }
}

/** A request that cannot be run. */
function refuse(id: number, error: unknown): void {
  tell({ type: "results", results: [{ id, error: packError(error), counters: null }] });
}

/** This process has no room for the descriptor. */
function lost(syscall: string): Error {
  return osError("take over a connection", "EMFILE", syscall);
}
