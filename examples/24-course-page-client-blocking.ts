// 24  The shortest request: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/24-course-page-client-blocking.ts   (`npx socketserver http` runs in another terminal)
// It prints:
//
//     the first ten bytes: "<html>\n<he"
//     Hello, welcome to 5062CEM!
//     Hello Grace Hopper, and welcome to 5062CEM!

import { AF_INET, BlockingSocket, SOCK_STREAM } from "ts-socketserver/socket";

const [ip = "127.0.0.1", port = "9999"] = process.argv.slice(2);

function ask(message: string, size: number): string {
  using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
  socket.connect([ip, Number(port)]);
  socket.sendall(message);
  return socket.recv(size).toString();
}

console.log(`the first ten bytes: ${JSON.stringify(ask("GET /5062CEM.php\r\n", 10))}`);
for (const query of ["", "?lecturer=Grace%20Hopper "]) {
  console.log(/Hello.*5062CEM!/.exec(ask(`GET /5062CEM.php${query}\r\n`, 1024))?.[0]);
}
