// 34  The exercise of the name, with a client of one's own instead of telnet.
//
// Run it:     npx tsx examples/34-name-client.ts   (34-name-server.ts runs in another terminal; Ctrl-D ends the client)
// It prints, when you type Hello and Good morning:
//
//     Hello Ali
//     Good morning Ali

import { createInterface } from "node:readline";
import { createConnection } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "8888"] = process.argv.slice(2);

await using socket = await createConnection([host, Number(port)]);
await using answers = socket.makefile("r");

// By turns: a line is sent, and its answer awaited. For a server that speaks when it likes, one would wait for both at once,
// as `npx socketserver connect tcp 127.0.0.1:8888` does.
for await (const line of createInterface({ input: process.stdin })) {
  await socket.sendall(`${line}\n`);
  const answer = await answers.readline();
  if (answer === "") break; // the server has ended
  console.log(answer.trimEnd());
}
