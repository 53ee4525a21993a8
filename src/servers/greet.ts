/**
 * The greet server: greets each client with its number.
 *
 * @module
 */

import type { DatagramRequest } from "../core/server/requests.js";
import type { Socket } from "../core/socket/socket.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import type { BundledServer } from "./description.js";

/** What {@link GreetMixIn} adds to a server. */
export interface Greeting {
  /** The number of the next client, from 0. Handlers in threads and processes ask the one server, too, and wait for its answer. */
  nextNumber(): number | Promise<number>;
}

/**
 * Gives a server the count of its clients: one count, whoever runs the handlers.
 *
 * @example
 * ```ts
 * class GreetServer extends GreetMixIn(ThreadingTCPServer) {}
 * ```
 */
export function GreetMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => Greeting) {
  abstract class GreetServer extends Server implements Greeting {
    #next = 0;

    nextNumber(): number {
      const number = this.#next;
      this.#next += 1;
      return number;
    }
  }
  return GreetServer;
}

async function greeting(server: Greeting): Promise<string> {
  return `${await server.nextNumber()}. Hi new friend!\n`;
}

/** Greets a connection, and ends it. */
export class GreetStreamHandler extends BaseRequestHandler<Socket, Greeting> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    await this.request.sendall(await greeting(this.server));
  }
}

/** Greets whoever sends a datagram. */
export class GreetDatagramHandler extends BaseRequestHandler<DatagramRequest, Greeting> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [, socket] = this.request;
    await socket.sendto(await greeting(this.server), this.clientAddress);
  }
}

/** `socketserver greet` */
export const greetServer: BundledServer = {
  name: "greet",
  summary: "greets each client with its number",
  streamHandler: GreetStreamHandler,
  datagramHandler: GreetDatagramHandler,
  extend: GreetMixIn,
  example: { receive: "0. Hi new friend!", pattern: /^\d+\. Hi new friend!$/ },
};
