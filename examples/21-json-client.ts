// 21  Sending data as JSON.
//
// An object is something in the memory of one program. To travel it is written as text, which the other side reads, and so
// gets an object of its own with the same content. JSON is what every language can read.
//
// Run it:     npx tsx examples/21-json-client.ts   (21-json-server.ts runs in another terminal, or `npx socketserver json`)
//             npx tsx examples/21-json-client.ts 192.168.1.20 12345   (a server on another machine)
// It prints:
//
//     received { name: 'Ada', member: true }
//     the same content: true, the same object: false

import { isDeepStrictEqual } from "node:util";
import { AF_INET, GaiError, SHUT_WR, SOCK_STREAM, Socket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

const info = { name: "Ada", member: true };
const message = JSON.stringify(info);

await using socket = new Socket(AF_INET, SOCK_STREAM);
try {
  await socket.connect([host, Number(port)]);
} catch (error) {
  // What can be told in a sentence: a host that there is not. Anything else keeps its own words.
  if (!(error instanceof GaiError)) throw error;
  console.log(`There is no ${host}: ${error.message}`);
  process.exit(1);
}

await socket.sendall(message);

// "I have said everything": the server's recv() returns the end, while this side can still receive. Without it both might
// wait: the server for more, and the client for the rest of its answer.
await socket.shutdown(SHUT_WR);

// All that comes, to the end. One recv(1024) would do for so short an object, and break for a longer one.
const answer: unknown = JSON.parse(await socket.makefile("r").read());
console.log("received", answer);
console.log(`the same content: ${isDeepStrictEqual(answer, info)}, the same object: ${answer === info}`);

// What arrives is whatever the other side likes to send: a program looks before it believes that there is a name in it.
