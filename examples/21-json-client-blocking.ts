// 21  Sending data as JSON: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/21-json-client-blocking.ts   (either server of 21 runs in another terminal)
// It prints:
//
//     received { name: 'Ada', member: true }

import { AF_INET, BlockingSocket, SHUT_WR, SOCK_STREAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
socket.connect([host, Number(port)]);
socket.sendall(JSON.stringify({ name: "Ada", member: true }));
socket.shutdown(SHUT_WR);
console.log("received", JSON.parse(socket.makefile("r").read()));
