/**
 * The character generator: sends lines of characters without end (RFC 864).
 *
 * @module
 */

import { randomInt } from "node:crypto";
import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { BundledServer } from "./description.js";

/** What is received at once, in bytes. */
const CHUNK_SIZE = 65_536;
const LINE_LENGTH = 72;
/** The most characters of a datagram, as RFC 864 has it. */
const MAX_DATAGRAM = 512;

/** The printing characters of ASCII, from the space on. */
const RING = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));

/**
 * One round of the pattern that RFC 864 describes: 95 lines of 72 characters, each beginning one character further on in the
 * ring of the 95 printing characters, and ending with CR LF. After it, the pattern begins again.
 */
const ROUND = Buffer.from(
  Array.from(RING, (_, start) => `${(RING + RING).slice(start, start + LINE_LENGTH)}\r\n`).join(""),
);

/**
 * Sends a connection the pattern over and over, and throws away what comes, until the client ends its sending or breaks the
 * connection off: RFC 864 expects either. To a client that reads slowly it sends slowly: the next round waits until the
 * system has taken the last one.
 */
export class ChargenStreamHandler extends BaseRequestHandler {
  static override readonly module = import.meta.url;
  #ended = false;

  override async handle(): Promise<void> {
    await Promise.all([this.#receive(), this.#send()]);
  }

  async #receive(): Promise<void> {
    while ((await this.request.recv(CHUNK_SIZE)).length > 0);
    this.#ended = true;
  }

  async #send(): Promise<void> {
    do await this.request.sendall(ROUND);
    while (!this.#ended);
  }
}

/**
 * Answers each datagram, whatever is in it, with one of 0 to 512 characters of the pattern, a random number of them each time.
 *
 * **Not for an open network.** Whoever sends an empty datagram with somebody else's address as the sender has this server send
 * that one ten times as many bytes; chargen has been misused so for decades. Nothing bounds it but the size of an answer, and
 * that there is one answer to each datagram. A second server that answers whatever it gets would keep the two talking for ever.
 */
export class ChargenDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [, socket] = this.request;
    await socket.sendto(ROUND.subarray(0, randomInt(MAX_DATAGRAM + 1)), this.clientAddress);
  }
}

/** `socketserver chargen` */
export const chargenServer: BundledServer = {
  name: "chargen",
  summary: "sends lines of characters without end",
  streamHandler: ChargenStreamHandler,
  datagramHandler: ChargenDatagramHandler,
  example: {
    receive: ROUND.subarray(0, 2 * (LINE_LENGTH + 2)).toString(),
    // Of a datagram, nobody knows how much it is.
    pattern: /^[ -~\r\n]*$/,
    pipeTo: "head -n 2",
  },
  notes: `Over TCP it goes on until the client ends, no faster than that reads. Over UDP
each datagram is answered by one of up to 512 characters. That is more than it
was sent: on an open network others are flooded by way of such servers, with
forged senders. Keep it on 127.0.0.1.`,
};
