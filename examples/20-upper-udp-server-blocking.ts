// 20  A UDP server that changes what it gets: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/20-upper-udp-server-blocking.ts   (and in another terminal: 20-upper-udp-client-blocking.ts)
// It prints:
//
//     Listening at 127.0.0.1:11111
//     a message from 127.0.0.1:54321

import { AF_INET, BlockingSocket, formatAddress, SOCK_DGRAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "11111"] = process.argv.slice(2);

using socket = new BlockingSocket(AF_INET, SOCK_DGRAM);
socket.bind([host, Number(port)]);
console.log(`Listening at ${formatAddress(socket.getsockname())}`);

for (;;) {
  const [data, address] = socket.recvfrom(1024);
  console.log(`a message from ${formatAddress(address)}`);
  socket.sendto(data.toString().toUpperCase(), address);
}
