/**
 * What a server does, told on `node:diagnostics_channel`: the one mechanism behind logs, metrics and inspectors.
 *
 * Publishing where nobody listens costs one comparison. The names and messages are public: subscribe with
 * `diagnostics_channel.subscribe("socketserver:connection.accept", (message) => …)`.
 *
 * @module
 */

import { channel } from "node:diagnostics_channel";
import type { Address } from "../address/address.js";
import type { ChannelCounters } from "../transport/transport.js";

/** What every message carries. */
export interface ServerEvent {
  /** The server it happened in. */
  readonly server: object;
}
/** Something happened with a client. */
export interface ClientEvent extends ServerEvent {
  readonly clientAddress: Address;
}
/** `socketserver:server.listen` */
export interface ListenEvent extends ServerEvent {
  readonly serverAddress: Address;
}
/** `socketserver:server.close` */
export interface CloseEvent extends ListenEvent {
  /** Addresses of clients whose handlers had to be cut off, as text. */
  readonly aborted: readonly string[];
}
/** `socketserver:server.pause`: the process ran out of something while accepting. */
export interface PauseEvent extends ServerEvent {
  readonly error: Error;
  /** Seconds until the next try. */
  readonly pause: number;
}
/** `socketserver:reply.drop` */
export interface ReplyDropEvent extends ClientEvent {
  /** Why the reply could not be sent. */
  readonly error: Error;
}
/** `socketserver:connection.close` */
export interface ConnectionCloseEvent extends ClientEvent {
  /** Seconds since it was accepted. */
  readonly duration: number;
  readonly counters: ChannelCounters;
}
/** `socketserver:handler.setup`, `:handler.handle`, `:handler.finish`: the step begins. */
export interface HandlerEvent extends ClientEvent {
  readonly handler: object;
}
/** `socketserver:datagram.receive` */
export interface DatagramEvent extends ClientEvent {
  /** Bytes received. */
  readonly size: number;
  /** Whether it was longer than `maxPacketSize`, and cut. */
  readonly truncated: boolean;
}
/** `socketserver:error` */
export interface ErrorEvent extends ServerEvent {
  readonly error: unknown;
  /** The client whose request failed, where there is one. */
  readonly clientAddress: Address | null;
}

/**
 * One of the {@link events}: a channel of `node:diagnostics_channel` whose messages have a type.
 *
 * @example
 * ```ts
 * events.connectionAccept.subscribe(({ clientAddress }) => console.log(clientAddress));
 * ```
 */
export class EventChannel<Message extends ServerEvent> {
  /** The name that `node:diagnostics_channel` knows it by. */
  readonly name: string;
  readonly #channel;

  constructor(name: string) {
    this.name = name;
    this.#channel = channel(name);
  }
  /** Whether a listener is subscribed. */
  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }
  /** Calls a listener with every message from now on, of all servers of the process. */
  subscribe(listener: (message: Message) => void): void {
    this.#channel.subscribe(listener as (message: unknown) => void);
  }
  /** Calls that listener no more. */
  unsubscribe(listener: (message: Message) => void): void {
    this.#channel.unsubscribe(listener as (message: unknown) => void);
  }
  /** @internal Calls every listener. */
  publish(message: Message): void {
    this.#channel.publish(message);
  }
}

/** Every channel of events that servers publish: the core neither logs nor counts, it publishes. */
export const events = {
  /** The server listens. */
  serverListen: new EventChannel<ListenEvent>("socketserver:server.listen"),
  /** The server is closed. */
  serverClose: new EventChannel<CloseEvent>("socketserver:server.close"),
  /** Accepting rests for a moment. */
  serverPause: new EventChannel<PauseEvent>("socketserver:server.pause"),
  /** A connection was accepted. */
  connectionAccept: new EventChannel<ClientEvent>("socketserver:connection.accept"),
  /** `verifyRequest()` said no. */
  requestReject: new EventChannel<ClientEvent>("socketserver:request.reject"),
  /** A connection was closed. */
  connectionClose: new EventChannel<ConnectionCloseEvent>("socketserver:connection.close"),
  /** A connection or datagram was dropped, because a queue was full. */
  requestDrop: new EventChannel<ClientEvent>("socketserver:request.drop"),
  /** A reply that was accepted for sending could not be sent. */
  replyDrop: new EventChannel<ReplyDropEvent>("socketserver:reply.drop"),
  /** A datagram was received. */
  datagramReceive: new EventChannel<DatagramEvent>("socketserver:datagram.receive"),
  /** A handler's `setup()` begins. */
  handlerSetup: new EventChannel<HandlerEvent>("socketserver:handler.setup"),
  /** A handler's `handle()` begins. */
  handlerHandle: new EventChannel<HandlerEvent>("socketserver:handler.handle"),
  /** A handler's `finish()` begins. */
  handlerFinish: new EventChannel<HandlerEvent>("socketserver:handler.finish"),
  /** A request failed. */
  error: new EventChannel<ErrorEvent>("socketserver:error"),
} as const;
