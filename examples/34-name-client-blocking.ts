// 34  The exercise of the name, with a client that blocks. Needs the native transport.
//
// Run it:     npx tsx examples/34-name-client-blocking.ts   (either server of 34 runs in another terminal; Ctrl-D ends it)
// It prints, when you type Hello and Good morning:
//
//     Hello Ali
//     Good morning Ali

import { readSync } from "node:fs";
import { BlockingSocket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "8888"] = process.argv.slice(2);
const STDIN = 0;

/** What is typed, line by line, without line ends. Each read blocks until there is something. */
function* typedLines(): Generator<string> {
  const chunk = Buffer.alloc(1024);
  let rest = Buffer.alloc(0);
  for (;;) {
    const count = readSync(STDIN, chunk);
    if (count === 0) break; // Ctrl-D, or the end of a pipe
    rest = Buffer.concat([rest, chunk.subarray(0, count)]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest.toString();
}

using socket = new BlockingSocket();
socket.connect([host, Number(port)]);
using answers = socket.makefile("r");
for (const line of typedLines()) {
  socket.sendall(`${line}\n`);
  const answer = answers.readline();
  if (answer === "") break;
  console.log(answer.trimEnd());
}
