/**
 * What the robustness tests share: servers that keep quiet about the errors that are expected, and ears for their events.
 *
 * @module
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { pino } from "pino";
import type { ConnectionCloseEvent, ErrorEvent, ServerEvent, ServerOptions, StreamServer } from "ts-socketserver";
import { type RunningServer, type StreamTestClient, serve } from "ts-socketserver/testing";
import { expect } from "vitest";
import type { StreamSubject } from "../support/subjects.js";

type HandlerClass = StreamServer["RequestHandlerClass"];

/** Serves with a subject's class. The log is silent. */
export function serveWith(
  subject: StreamSubject,
  handler: HandlerClass,
  options: ServerOptions = {},
): Promise<RunningServer<StreamServer>> {
  const logger = pino({ level: "silent" });
  return serve(new subject.ServerClass(subject.makeAddress(), handler, { logger, ...options }));
}

/** The messages of a channel that one server publishes, in their order. */
class Ear<Message extends ServerEvent> implements Disposable {
  readonly heard: Message[] = [];
  readonly #name: string;
  readonly #listener: (message: unknown) => void;
  #changed: (() => void) | null = null;

  constructor(name: string, server: object) {
    this.#name = name;
    this.#listener = (message) => {
      const event = message as Message;
      if (event.server !== server) return;
      this.heard.push(event);
      this.#changed?.();
    };
    subscribe(name, this.#listener);
  }

  /** The next message that nobody has taken, waiting for it where there is none. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.heard.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    unsubscribe(this.#name, this.#listener);
  }
}

/** Hears the errors of a server's requests. */
export function hearErrors(server: object): Ear<ErrorEvent> {
  return new Ear("socketserver:error", server);
}

/** Hears a server close its connections. */
export function hearCloses(server: object): Ear<ConnectionCloseEvent> {
  return new Ear("socketserver:connection.close", server);
}

/** A promise with its means of being resolved. */
export class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => {};
  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

/** Proves that the server serves: a new client gets its line back. */
export async function expectServed(running: RunningServer<StreamServer>, line = "still there?\n"): Promise<void> {
  await using client = await running.connect();
  await expectEcho(client, line);
}

/** Sends a line, and expects it back. */
export async function expectEcho(client: StreamTestClient, line: string): Promise<void> {
  await client.write(line);
  expect(await client.readLine()).toBe(line);
}
