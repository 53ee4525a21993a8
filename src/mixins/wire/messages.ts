/**
 * What a server and those who run its handlers elsewhere (threads, child processes) tell each other.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import type { Address } from "../../core/address/address.js";
import type { AddressFamily, SocketKind } from "../../core/constants.js";
import type { ChannelCounters } from "../../core/transport/transport.js";
import type { ErrorMessage } from "./error-codec.js";

/** Which of its two streams a thread prints to. */
export type OutputStream = "stdout" | "stderr";

/** What one who runs handlers is made for. */
export interface WorkerConfig {
  /** The URL of the module that exports the handler. */
  readonly module: string;
  readonly className: string;
  /** The name of the server class, for error messages. */
  readonly serverName: string;
  readonly serverAddress: Address;
  /** What the requests are: connections, or datagrams. */
  readonly socketType: SocketKind;
  readonly addressFamily: AddressFamily;
  /**
   * Whether sockets come as descriptors. Otherwise Node moves the connections, and answers to datagrams leave by way of the
   * server.
   */
  readonly usesDescriptors: boolean;
}

/** One request to run. */
export interface RequestMessage {
  readonly id: number;
  readonly clientAddress: Address;
  /** Whom a connection is with, where that is not the client's address: a server may say that it comes from elsewhere. */
  readonly peer?: Address | null;
  /** A connection's descriptor; -1 where it comes beside the message, or is a datagram. */
  readonly descriptor: number;
  /** A datagram. */
  readonly data?: Uint8Array;
  readonly truncated?: boolean;
}

/** A connection that Node moves to another thread or process. */
export interface ConnectionMessage {
  readonly id: number;
  readonly clientAddress: Address;
  /** What was received already, and not read. */
  readonly unread: Uint8Array;
  /** Socket options that Node sets by itself and cannot read: their level, number and value. */
  readonly options: readonly (readonly [level: number, option: number, value: number])[];
}

/** How a request has ended. */
export interface ResultMessage {
  readonly id: number;
  readonly error: ErrorMessage | null;
  readonly counters: ChannelCounters | null;
}

/** An answer that leaves by the server's socket, where who runs the handler can have none of its own. */
export interface DatagramMessage {
  readonly id: number;
  readonly data: Uint8Array;
  readonly address: Address;
}

/** From the server. */
export type ToWorker =
  | { readonly type: "requests"; readonly requests: readonly RequestMessage[] }
  /** The request is to end now: its connection is broken. */
  | { readonly type: "abort"; readonly id: number }
  /** A datagram was sent, or could not be. */
  | { readonly type: "datagram-sent"; readonly id: number; readonly error: ErrorMessage | null };

/** To the server. */
export type FromWorker =
  /** The handler's module is loaded. The number is the `Transport.thread` to hand sockets over to. */
  | { readonly type: "ready"; readonly thread: number }
  /** The handler cannot be run at all. */
  | { readonly type: "unusable"; readonly error: ErrorMessage }
  /** The requests have come, and are about to run: nobody else is to run them. */
  | { readonly type: "ack"; readonly ids: readonly number[] }
  /** A handler has left an error unhandled, and goes on; its connection is broken. */
  | { readonly type: "unhandled-error"; readonly id: number; readonly error: ErrorMessage }
  | { readonly type: "results"; readonly results: readonly ResultMessage[] }
  | { readonly type: "datagram"; readonly datagram: DatagramMessage };

// ── threads alone ───────────────────────────────────────────────────────────────────────────────────────────────────

/** From the server to a thread. */
export type ToThread =
  | ToWorker
  | { readonly type: "datagram-socket"; readonly descriptor: number }
  /** For one that runs blocking handlers: what its waits watch. Comes before the first request. */
  | { readonly type: "interrupt"; readonly descriptor: number }
  /** A connection of the Node transport. */
  | { readonly type: "connection"; readonly connection: ConnectionMessage; readonly socket: NodeSocket };

/** From a thread to the server. */
export type FromThread =
  | FromWorker
  /** Its handler, which blocks, has printed something. */
  | { readonly type: "output"; readonly stream: OutputStream; readonly data: Uint8Array }
  /** It is about to end: what is given to it from now on is lost. */
  | { readonly type: "ending" };

// ── child processes alone ───────────────────────────────────────────────────────────────────────────────────────────

/** From the server to a child process. */
export type ToChild =
  | ToWorker
  /** What it is made for. */
  | { readonly type: "config"; readonly config: WorkerConfig }
  /** A connection of the Node transport comes beside the message. */
  | { readonly type: "connection"; readonly connection: ConnectionMessage }
  /** It was sent: if it has not come, it was lost. */
  | { readonly type: "connection-sent"; readonly id: number }
  /** The answer to a call of the server's methods. */
  | { readonly type: "call"; readonly data: unknown };

/** From a child process to the server. */
export type FromChild =
  | FromWorker
  /** It is about to end, by an error that came from no request. */
  | { readonly type: "failed"; readonly message: string }
  /** A call of the server's methods. */
  | { readonly type: "call"; readonly data: unknown };
