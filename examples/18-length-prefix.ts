// 18  Messages with their length before them: how to get messages out of a stream.
//
// Each message is preceded by four bytes that say how long it is, the highest byte first (see 03). So the receiver knows at
// every moment how much is missing, however the stream was cut on its way.
//
// Run it:     npx tsx examples/18-length-prefix.ts
// It prints:
//
//     as it travels: 00 00 00 03 48 69 21
//     both at once: ["Hi!","Are you well?"]
//     cut within the length: ["Hi!","Are you well?"]
//     byte by byte: ["Hi!","Are you well?"]
//     half a message, so far: []
//     a length of 4 GB is refused: RangeError
//     over a connection: ["Hi!","Are you well?"]
//     with the library: ["Hi!","Are you well?"]

import { LengthPrefixedReader, LengthPrefixedWriter } from "ts-socketserver/framing";
import { createConnection, createServer } from "ts-socketserver/socket";

const PREFIX_SIZE = 4;
const MAX_LENGTH = 65_536; // a promise of the other side decides how much memory this side takes: so it has a limit

// ── Putting together, and taking apart ───────────────────────────────────────────────────────────────────────────────

/** A message as it travels. What counts is its bytes, not its letters. */
function pack(text: string): Buffer {
  const message = Buffer.from(text);
  const prefix = Buffer.alloc(PREFIX_SIZE);
  prefix.writeUInt32BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** Takes a stream apart, fragment by fragment. It knows nothing of sockets, so that it can be tried without one. */
class MessageParser {
  /** What has come and is no whole message yet. */
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the messages that this fragment has completed: none, one, or many */
  push(fragment: Buffer): string[] {
    this.#rest = Buffer.concat([this.#rest, fragment]);
    const messages: string[] = [];
    while (this.#rest.length >= PREFIX_SIZE) {
      const length = this.#rest.readUInt32BE();
      // Before anything of it is waited for: this is all that keeps a stranger from filling the memory.
      if (length > MAX_LENGTH) throw new RangeError(`A message of ${length} bytes is too long`);
      const end = PREFIX_SIZE + length;
      if (this.#rest.length < end) break; // the rest is still on its way
      messages.push(this.#rest.subarray(PREFIX_SIZE, end).toString());
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}

const both = Buffer.concat([pack("Hi!"), pack("Are you well?")]);
console.log(
  `as it travels: ${pack("Hi!")
    .toString("hex")
    .replace(/..(?=.)/g, "$& ")}`,
);

/** What a new parser makes of the bytes, when they come in such fragments. */
function parse(fragments: Iterable<Buffer>): string {
  const parser = new MessageParser();
  return JSON.stringify(Array.from(fragments, (fragment) => parser.push(fragment)).flat());
}

// Two messages that arrive as one are two messages again; and so they are however else they arrive.
console.log(`both at once: ${parse([both])}`);
console.log(`cut within the length: ${parse([both.subarray(0, 9), both.subarray(9)])}`);
console.log(`byte by byte: ${parse(Array.from(both, (byte) => Buffer.of(byte)))}`);
console.log(`half a message, so far: ${parse([both.subarray(0, 5)])}`);
try {
  parse([Buffer.of(0xff, 0xff, 0xff, 0xff)]);
} catch (error) {
  console.log(`a length of 4 GB is refused: ${(error as Error).name}`);
}

// ── Over a connection ────────────────────────────────────────────────────────────────────────────────────────────────

await using listener = await createServer(["127.0.0.1", 0]);
{
  await using client = await createConnection(listener.getsockname());
  const [accepted] = await listener.accept();
  await using connection = accepted;
  await client.sendall(both);
  await client.close();

  const parser = new MessageParser();
  const messages: string[] = [];
  for (;;) {
    const fragment = await connection.recv(1024);
    if (fragment.length === 0) break;
    messages.push(...parser.push(fragment));
  }
  console.log(`over a connection: ${JSON.stringify(messages)}`);
}

// ── With the library ─────────────────────────────────────────────────────────────────────────────────────────────────

// The same four bytes before each message, ready to be used. It says also when the stream ends within a message.
{
  await using client = await createConnection(listener.getsockname());
  const [accepted] = await listener.accept();
  await using connection = accepted;
  const writer = new LengthPrefixedWriter(client);
  await writer.write("Hi!");
  await writer.write("Are you well?");
  await client.close();

  const messages: string[] = [];
  for await (const message of new LengthPrefixedReader(connection)) messages.push(message.toString());
  console.log(`with the library: ${JSON.stringify(messages)}`);
}
