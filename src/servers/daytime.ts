/**
 * The daytime server: tells the date and the time in words (RFC 867).
 *
 * @module
 */

import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import { answerAndEnd } from "./answer-and-end.js";
import type { BundledServer } from "./description.js";

/**
 * Writes a time as the line that is sent: `Mon, 22 Feb 1982 17:37:43 GMT`.
 *
 * RFC 867 leaves the form open. It asks for one line of printing ASCII characters that ends with CR LF, and mentions that of
 * mail headers, which this is. It is UTC, so that it means the same to whoever reads it.
 */
export function formatDaytime(time: Date): string {
  return `${time.toUTCString()}\r\n`;
}

/** Sends a connection the time, throws away what comes, and ends it, as RFC 867 has it. */
export class DaytimeStreamHandler extends BaseRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    await answerAndEnd(this.request, formatDaytime(new Date()));
  }
}

/** Answers each datagram, whatever is in it, with one that holds the time. */
export class DaytimeDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [, socket] = this.request;
    await socket.sendto(formatDaytime(new Date()), this.clientAddress);
  }
}

/** `socketserver daytime` */
export const daytimeServer: BundledServer = {
  name: "daytime",
  summary: "tells the date and the time in words",
  streamHandler: DaytimeStreamHandler,
  datagramHandler: DaytimeDatagramHandler,
  example: {
    receive: "Mon, 22 Feb 1982 17:37:43 GMT",
    pattern: /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  },
};
