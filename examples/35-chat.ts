// 35  The activity of the chat: two people talk, by turns.
//
// The program is either side: the one who waits (a server for one client) or the one who calls. What travels: first each
// side sends a line with its name; then they take turns with lines, and who has called begins. Each side shows all that is
// said, with the name of who has said it. `npx socketserver chat` speaks the same, so either side may be that.
//
// Run it:     npx tsx examples/35-chat.ts wait Ana
//             npx tsx examples/35-chat.ts call Ben   (in another terminal)
//             npx tsx examples/35-chat.ts call Ben 192.168.1.20 9999   (where Ana is on another machine)
//             Ctrl-D at your turn leaves.
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

import { createInterface } from "node:readline";
import {
  createConnection,
  createServer,
  formatAddress,
  OSError,
  type Socket,
  type TextReaderWriter,
} from "ts-socketserver/socket";

const [role, myName = "", host = "127.0.0.1", port = "9999"] = process.argv.slice(2);

/** What is typed, a line at a time. */
const typed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Sends a line. The file collects what is written, so that it is to be flushed. */
async function sendLine(file: TextReaderWriter, text: string): Promise<void> {
  await file.write(`${text}\n`);
  await file.flush();
}

/** Receives a line; `null` when the other one has left. */
async function receiveLine(file: TextReaderWriter): Promise<string | null> {
  const line = await file.readline();
  // What comes from elsewhere may hold characters that do things to a terminal, such as clearing it: here they are harmless.
  return line === "" ? null : line.trimEnd().replace(/\p{Cc}/gu, "?");
}

/** The conversation, from the names to the end. @param isMyTurn whether this side begins */
async function chat(connection: Socket, isMyTurn: boolean): Promise<void> {
  await using file = connection.makefile("rw");
  await sendLine(file, myName);
  const otherName = await receiveLine(file);
  if (otherName === null) return;
  console.log(`${otherName} is there`);

  // Strictly by turns: either this side types, or it waits for the other one. That makes the program simple, and people
  // impatient; a chat without turns has to wait for both at once, as `npx socketserver chat --room` does for many.
  for (let mine = isMyTurn; ; mine = !mine) {
    if (mine) {
      const { value: text, done } = await typed.next();
      if (done) return; // this one leaves: the connection is closed, and the other side reads the end
      await sendLine(file, text);
      console.log(`${myName}: ${text}`);
    } else {
      const text = await receiveLine(file);
      if (text === null) return console.log(`${otherName} has left`);
      console.log(`${otherName}: ${text}`);
    }
  }
}

async function wait(): Promise<void> {
  await using listener = await createServer([host, Number(port)]);
  console.log(`Waiting at ${formatAddress(listener.getsockname())}`);
  const [accepted] = await listener.accept();
  await listener.close(); // two are enough: whoever else calls finds nobody
  await using connection = accepted;
  await chat(connection, false);
}

async function call(): Promise<void> {
  await using connection = await createConnection([host, Number(port)]);
  await chat(connection, true);
}

if (myName === "" || (role !== "wait" && role !== "call")) {
  console.error("Say which side you are, and your name: wait Ana, or call Ben");
  process.exit(2);
}
try {
  await (role === "wait" ? wait() : call());
} catch (error) {
  // Nobody waits there; the address is taken; the connection has broken: each in a sentence.
  if (!(error instanceof OSError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
process.exit(); // the keyboard is still being listened to, and would keep the program alive
