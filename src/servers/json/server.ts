/**
 * The JSON server: sends back each JSON value.
 *
 * @module
 */

import { LimitOverrunError } from "../../core/errors.js";
import { DatagramRequestHandler } from "../../handlers/datagram.js";
import { StreamRequestHandler } from "../../handlers/stream.js";
import { answerAndEnd } from "../answer-and-end.js";
import type { BundledServer } from "../description.js";
import { type JsonMessage, JsonReader, jsonDefaults, parseJson } from "./reader.js";

/**
 * Answers each JSON value of a connection with itself, on a line of its own. What is no JSON gets an object with an `error`,
 * and the next value is served; a value of more than {@link maxSize} bytes gets one, too, and the connection ends.
 */
export class JsonStreamHandler extends StreamRequestHandler {
  static override readonly module = import.meta.url;
  /** The most bytes of a value. */
  maxSize: number = jsonDefaults.maxSize;
  /** How deep its arrays and objects may be nested. */
  maxDepth: number = jsonDefaults.maxDepth;

  /**
   * The line that a value is answered with, without its end: here the value as it was written, so that numbers keep all their
   * digits. May be overridden; may be asynchronous.
   */
  reply(_value: unknown, text: string): string | Promise<string> {
    return text;
  }

  override async handle(): Promise<void> {
    try {
      for await (const message of new JsonReader(this.rfile, this)) {
        await this.wfile.write(`${await answerTo(message, this)}\n`);
      }
    } catch (error) {
      if (!(error instanceof LimitOverrunError)) throw error;
      await this.wfile.flush();
      await answerAndEnd(this.request, `${JSON.stringify({ error: `Longer than ${error.limit} bytes` })}\n`);
    }
  }
}

/** Answers the JSON value of each datagram with itself. */
export class JsonDatagramHandler extends DatagramRequestHandler {
  static override readonly module = import.meta.url;
  /** As in {@link JsonStreamHandler}. */
  maxDepth: number = jsonDefaults.maxDepth;

  /** As in {@link JsonStreamHandler}. */
  reply(_value: unknown, text: string): string | Promise<string> {
    return text;
  }

  override async handle(): Promise<void> {
    const cut = { error: `The datagram is longer than ${this.packet.length} bytes` };
    await this.wfile.write(`${await answerTo(this.truncated ? cut : parseJson(this.packet, this), this)}\n`);
  }
}

async function answerTo(
  message: JsonMessage,
  handler: { reply(value: unknown, text: string): string | Promise<string> },
): Promise<string> {
  if (message.error !== null) return JSON.stringify({ error: message.error });
  return await handler.reply(message.value, message.text);
}

/** `socketserver json` */
export const jsonServer: BundledServer = {
  name: "json",
  summary: "sends back every JSON value, one a line",
  streamHandler: JsonStreamHandler,
  datagramHandler: JsonDatagramHandler,
  example: { send: '{"name": "Johanna", "female": true}', receive: '{"name": "Johanna", "female": true}' },
};
