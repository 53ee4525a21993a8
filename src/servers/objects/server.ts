/**
 * The objects server: takes objects and sends them back, as one does with Python's `pickle`; but nothing in a message can run
 * code.
 *
 * @module
 */

import { IncompleteReadError, LimitOverrunError } from "../../core/errors.js";
import { LengthPrefixedReader, prefixLength, unprefixLength } from "../../framing/length-prefix.js";
import { DatagramRequestHandler } from "../../handlers/datagram.js";
import { StreamRequestHandler } from "../../handlers/stream.js";
import { answerAndEnd } from "../answer-and-end.js";
import type { BundledServer } from "../description.js";
import { ObjectCodec, ObjectError } from "./codec.js";

/**
 * Sends back each object of a connection. What is no object gets an object with an `error`; a message that is too long, or cut
 * short, gets one, too, and the connection ends.
 */
export class ObjectsStreamHandler extends StreamRequestHandler {
  static override readonly module = import.meta.url;
  /** What objects are made of; may be overridden, with classes of one's own. Here any class will do: it is only carried. */
  codec = new ObjectCodec({ unknownClasses: "keep" });

  /** What an object is answered with: here itself. May be overridden; may be asynchronous. */
  reply(value: unknown): unknown {
    return value;
  }

  override async handle(): Promise<void> {
    const { codec, rfile, wfile } = this;
    const bounds = { maxLength: codec.maxSize };
    try {
      for await (const message of new LengthPrefixedReader(rfile, bounds)) {
        await wfile.write(prefixLength(await answerTo(message, this), bounds));
      }
    } catch (error) {
      const answer = codec.dumps({ error: whyUnread(error) });
      await wfile.flush();
      await answerAndEnd(this.request, prefixLength(answer));
    }
  }
}

/** Sends back the object of each datagram, which stands there as in a stream: after its length. */
export class ObjectsDatagramHandler extends DatagramRequestHandler {
  static override readonly module = import.meta.url;
  /** As in {@link ObjectsStreamHandler}. */
  codec = new ObjectCodec({ unknownClasses: "keep" });

  /** As in {@link ObjectsStreamHandler}. */
  reply(value: unknown): unknown {
    return value;
  }

  override async handle(): Promise<void> {
    const answer = await this.#answer();
    await this.wfile.write(prefixLength(answer, { maxLength: this.codec.maxSize }));
  }

  async #answer(): Promise<Buffer> {
    let message: Buffer;
    try {
      message = unprefixLength(this.packet);
    } catch (error) {
      return this.codec.dumps({ error: whyUnread(error) });
    }
    return await answerTo(message, this);
  }
}

/** What to tell of a message that could not be read. Other errors are thrown on. */
function whyUnread(error: unknown): string {
  if (error instanceof LimitOverrunError) return `Longer than ${error.limit} bytes`;
  if (error instanceof IncompleteReadError) return `Cut short: ${error.partial.length} of ${error.expected} bytes`;
  throw error;
}

/** What both handlers have. */
interface ObjectsHandler {
  readonly codec: ObjectCodec;
  reply(value: unknown): unknown;
}

/** The answer to a message. Who sent it is told what is wrong with it; what is wrong with the handler, its server. */
async function answerTo(message: Buffer, handler: ObjectsHandler): Promise<Buffer> {
  const { codec } = handler;
  let value: unknown;
  try {
    value = codec.loads(message);
  } catch (error) {
    if (error instanceof ObjectError) return codec.dumps({ error: error.message });
    throw error;
  }
  const reply = await handler.reply(value);
  try {
    return codec.dumps(reply);
  } catch (error) {
    // Some letters take more bytes than they came in, so that what was let in may be too large to go out.
    if (error instanceof RangeError) return codec.dumps({ error: error.message });
    throw error;
  }
}

/** `socketserver objects` */
export const objectsServer: BundledServer = {
  name: "objects",
  summary: "sends back every object, as with Python's pickle but safely",
  streamHandler: ObjectsStreamHandler,
  datagramHandler: ObjectsDatagramHandler,
  example: {
    // With the line's end, which JSON takes as a blank, the message has as many bytes as its length says: 10.
    send: '\0\0\0\n["hello"]',
    receive: '["hello"]',
    pattern: /\["hello"\]$/,
    command: (_address, netcat) => `printf '\\000\\000\\000\\n["hello"]\\n' | ${netcat} | tail -c +5; echo`,
  },
  notes: `A message is its length (four bytes, the highest first) and an object as the
ObjectCodec of ts-socketserver/servers writes it: devalue's JSON.`,
};
