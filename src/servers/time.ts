/**
 * The time server: tells the time as a number of 32 bits (RFC 868).
 *
 * @module
 */

import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import { answerAndEnd } from "./answer-and-end.js";
import type { BundledServer } from "./description.js";

/** Seconds from 1900 to 1970, where JavaScript's clock begins: RFC 868 names this number. */
const SECONDS_TO_1970 = 2_208_988_800;

/**
 * Writes a time as RFC 868 sends it: the seconds since 1 January 1900, 00:00 UTC, as four bytes, the largest first. Leap
 * seconds are not counted, as everywhere in computing.
 *
 * Four bytes last until 7 February 2036, 06:28:15 UTC; a second later they begin again at 0, as NTP's do. From then on a client
 * adds 2³² to what it reads: it has to know from elsewhere that it lives after that day.
 */
export function encodeTime(time: Date): Buffer {
  const bytes = Buffer.alloc(4);
  // The shift takes the number modulo 2 to the 32, and so wraps it round in 2036.
  bytes.writeUInt32BE((Math.floor(time.getTime() / 1000) + SECONDS_TO_1970) >>> 0);
  return bytes;
}

/** Sends a connection the time and ends it, as RFC 868 has it. */
export class TimeStreamHandler extends BaseRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    await answerAndEnd(this.request, encodeTime(new Date()));
  }
}

/** Answers each datagram with one that holds the time. RFC 868 has it sent empty; what is in it does not matter. */
export class TimeDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [, socket] = this.request;
    await socket.sendto(encodeTime(new Date()), this.clientAddress);
  }
}

/** `socketserver time` */
export const timeServer: BundledServer = {
  name: "time",
  summary: "tells the seconds since 1900 as four bytes",
  streamHandler: TimeStreamHandler,
  datagramHandler: TimeDatagramHandler,
  example: {
    receive: "236 203 160 12",
    // No text; its bytes in figures are what od makes of them.
    pattern: /^.+$/s,
    pipeTo: "od -An -t u1",
  },
  notes: `The first byte counts most; in 2036 the four are used up and begin again at 0.`,
};
