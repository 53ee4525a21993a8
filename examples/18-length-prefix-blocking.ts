// 18  Messages with their length before them: the blocking twin. Needs the native transport.
//
// Where a call blocks until it has what it was asked for, no parser has to remember where it was: first the four bytes of the
// length are read, then as many bytes as it says. Nothing is ever read that belongs to the next message.
//
// Run it:     npx tsx examples/18-length-prefix-blocking.ts
// It prints:
//
//     received "Hi!"
//     received "Are you well?"
//     received the end

import { BlockingSocket } from "ts-socketserver/socket";

const MAX_LENGTH = 65_536;

function sendMessage(socket: BlockingSocket, text: string): void {
  const message = Buffer.from(text);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(message.length);
  socket.sendall(Buffer.concat([prefix, message]));
}

/** Receives so many bytes, no more and no fewer; `null` where the stream has ended before the first one. */
function receiveExactly(socket: BlockingSocket, size: number): Buffer | null {
  const bytes = Buffer.alloc(size);
  for (let filled = 0; filled < size; ) {
    const count = socket.recvInto(bytes.subarray(filled));
    if (count === 0 && filled === 0) return null;
    if (count === 0) throw new Error(`The stream ended after ${filled} of ${size} bytes`);
    filled += count;
  }
  return bytes;
}

function receiveMessage(socket: BlockingSocket): string | null {
  const prefix = receiveExactly(socket, 4);
  if (prefix === null) return null;
  const length = prefix.readUInt32BE();
  if (length > MAX_LENGTH) throw new RangeError(`A message of ${length} bytes is too long`);
  const message = receiveExactly(socket, length);
  if (message === null) throw new Error("The stream ended before the message");
  return message.toString();
}

using listener = new BlockingSocket();
listener.bind(["127.0.0.1", 0]);
listener.listen();
using client = new BlockingSocket();
client.connect(listener.getsockname());
const [accepted] = listener.accept();
using connection = accepted;

// Both are there before the first one is read: they have arrived as one.
sendMessage(client, "Hi!");
sendMessage(client, "Are you well?");
client.close();

for (let message = receiveMessage(connection); message !== null; message = receiveMessage(connection)) {
  console.log(`received ${JSON.stringify(message)}`);
}
console.log("received the end");
