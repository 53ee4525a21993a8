// 35  The activity of the chat: the blocking twin. Needs the native transport.
//
// The turns are what makes it go: at every moment a side waits either for the keyboard or for the connection, never for both.
//
// Run it:     npx tsx examples/35-chat-blocking.ts wait Ana
//             npx tsx examples/35-chat-blocking.ts call Ben   (in another terminal)
// It prints, at Ana's side:
//
//     Waiting at 127.0.0.1:9999
//     Ben is there
//     Ben: Good morning, Ana.
//     Ana: Good morning! How are you?
//     Ben: Fine. I have to go.
//     Ana: Goodbye.
//     Ben has left
//
// And at Ben's:
//
//     Ana is there
//     Ben: Good morning, Ana.
//     Ana: Good morning! How are you?
//     Ben: Fine. I have to go.
//     Ana: Goodbye.

import { readSync } from "node:fs";
import { BlockingSocket, type BlockingTextReaderWriter, formatAddress, OSError } from "ts-socketserver/socket";

const [role, myName = "", host = "127.0.0.1", port = "9999"] = process.argv.slice(2);
const STDIN = 0;

/** What is typed: blocks until there is a line; `null` at Ctrl-D. */
function typeLine(): string | null {
  const line: number[] = [];
  const byte = Buffer.alloc(1);
  // Byte by byte: nothing is taken that belongs to the next turn. For what fingers can do, that is quick enough.
  while (readSync(STDIN, byte) === 1) {
    if (byte[0] === 0x0a) return Buffer.from(line).toString();
    line.push(byte[0] ?? 0);
  }
  return line.length === 0 ? null : Buffer.from(line).toString();
}

function sendLine(file: BlockingTextReaderWriter, text: string): void {
  file.write(`${text}\n`);
  file.flush();
}

/** Blocks until the other one has said something; `null` when the other one has left. */
function receiveLine(file: BlockingTextReaderWriter): string | null {
  const line = file.readline();
  return line === "" ? null : line.trimEnd().replace(/\p{Cc}/gu, "?");
}

function chat(connection: BlockingSocket, isMyTurn: boolean): void {
  using file = connection.makefile("rw");
  sendLine(file, myName);
  const otherName = receiveLine(file);
  if (otherName === null) return;
  console.log(`${otherName} is there`);
  for (let mine = isMyTurn; ; mine = !mine) {
    const text = mine ? typeLine() : receiveLine(file);
    if (text === null) {
      if (!mine) console.log(`${otherName} has left`);
      return;
    }
    if (mine) sendLine(file, text);
    console.log(`${mine ? myName : otherName}: ${text}`);
  }
}

function wait(): void {
  using listener = new BlockingSocket();
  listener.bind([host, Number(port)]);
  listener.listen(1);
  console.log(`Waiting at ${formatAddress(listener.getsockname())}`);
  const [accepted] = listener.accept();
  listener.close();
  using connection = accepted;
  chat(connection, false);
}

function call(): void {
  using connection = new BlockingSocket();
  connection.connect([host, Number(port)]);
  chat(connection, true);
}

if (myName === "" || (role !== "wait" && role !== "call")) {
  console.error("Say which side you are, and your name: wait Ana, or call Ben");
  process.exit(2);
}
try {
  if (role === "wait") wait();
  else call();
} catch (error) {
  if (!(error instanceof OSError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
