// 09  A client: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/09-hello-client-blocking.ts   (either server of 09 runs in another terminal)
// It prints:
//
//     Received "Hello, world"

import { AF_INET, BlockingSocket, SOCK_STREAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "9999"] = process.argv.slice(2);

using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
socket.connect([host, Number(port)]);
socket.sendall("Hello, world");
const data = socket.recv(1024);
console.log(`Received ${JSON.stringify(data.toString())}`);
