// 10  A client that only listens.
//
// Run it:     npx tsx examples/10-greet-client.ts   (10-greet-server.ts runs in another terminal)
// It prints, the first time:
//
//     0. Hi new friend!

import { AF_INET, SOCK_STREAM, Socket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "10001"] = process.argv.slice(2);
const MAX_SIZE = 1024;

await using socket = new Socket(AF_INET, SOCK_STREAM);
await socket.connect([host, Number(port)]); // only now does the client have a port, which the system has chosen
const data = await socket.recv(MAX_SIZE);
console.log(data.toString().trimEnd());
