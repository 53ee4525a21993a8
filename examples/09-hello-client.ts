// 09  A client: it connects, sends, receives, and is done.
//
// Run it:     npx tsx examples/09-hello-client.ts                   (09-hello-server.ts runs in another terminal)
//             npx tsx examples/09-hello-client.ts 192.168.1.20 9999 (a server on another machine)
// It prints:
//
//     Received "Hello, world"

import { AF_INET, SOCK_STREAM, Socket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "9999"] = process.argv.slice(2);

await using socket = new Socket(AF_INET, SOCK_STREAM);
await socket.connect([host, Number(port)]);
await socket.sendall("Hello, world");

// Twelve bytes fit into one piece on any network, so one recv() will do. For more than that it will not: see 13.
const data = await socket.recv(1024);
console.log(`Received ${JSON.stringify(data.toString())}`);

// Where no server listens, connect() throws a ConnectionRefusedError, whose message names the address. Try it.
