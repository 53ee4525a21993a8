/**
 * The name server: sends back each line with a name behind it, to people with telnet.
 *
 * @module
 */

import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import type { BundledServer } from "./description.js";
import { TelnetRequestHandler } from "./telnet/handler.js";

/** What {@link NameMixIn} adds to a server. */
export interface Naming {
  /** What is put behind each line. For handlers in threads and processes it is a promise. */
  readonly addedName: string | Promise<string>;
}

/**
 * Gives a server the name that its handlers put behind the lines: assign it before the server opens.
 *
 * @example
 * ```ts
 * class AliServer extends NameMixIn(MultiplexingTCPServer) {
 *   override addedName = "Ali";
 * }
 * ```
 */
export function NameMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => { addedName: string }) {
  abstract class NameServer extends Server {
    addedName = "";
  }
  return NameServer;
}

/**
 * Sends back each line with the server's name behind it: "Hello" as "Hello Ali". The bytes of the line, and its end, stay as
 * they are. A line of more than `maxLineLength` bytes ends the connection.
 */
export class NameStreamHandler extends TelnetRequestHandler<Naming> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const name = await this.server.addedName;
    for await (const line of this.rfile) await this.wfile.write(addName(line, name));
  }
}

/** A last line without an end is given one: whoever reads the answer by the line waits for it. */
function addName(line: Buffer, name: string): Buffer {
  const [end = "\n"] = /\r?\n$/.exec(line.toString("latin1")) ?? [];
  const text = line.subarray(0, line.length - (line.at(-1) === 10 ? end.length : 0));
  return Buffer.concat([text, Buffer.from(`${text.length > 0 ? " " : ""}${name}${end}`)]);
}

const MAX_NAME_LENGTH = 100;

/** @throws RangeError for what would not stay in one line. */
function readName(text: string): string {
  if (text.length >= 1 && text.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(text)) return text;
  throw new RangeError(
    `Cannot use ${JSON.stringify(text)} as a name: it takes 1 to ${MAX_NAME_LENGTH} characters of one line, such as Ali.`,
  );
}

/** `socketserver name` */
export const nameServer: BundledServer = {
  name: "name",
  summary: "sends back every line with a name behind it",
  streamHandler: NameStreamHandler,
  extend: NameMixIn,
  options: [
    {
      flags: "--name <text>",
      description: "the name",
      property: "addedName",
      parse: readName,
      required: true,
      example: "Ali",
    },
  ],
  stopsOnEscape: true,
  example: { send: "Hello", receive: "Hello Ali" },
  notes: `It understands telnet's own commands, so telnet works as well as nc, any number
at once: telnet 127.0.0.1 9999`,
};
