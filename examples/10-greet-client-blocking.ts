// 10  A client that only listens: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/10-greet-client-blocking.ts   (either server of 10 runs in another terminal)
// It prints, the first time:
//
//     0. Hi new friend!

import { AF_INET, BlockingSocket, SOCK_STREAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "10001"] = process.argv.slice(2);
const MAX_SIZE = 1024;

using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
socket.connect([host, Number(port)]);
const data = socket.recv(MAX_SIZE);
console.log(data.toString().trimEnd());
