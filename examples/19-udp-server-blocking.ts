// 19  A UDP server: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/19-udp-server-blocking.ts   (and in another terminal: 19-udp-client-blocking.ts)
// It prints:
//
//     Listening at 127.0.0.1:25000
//     Hi, this is a message.

import { AF_INET, BlockingSocket, formatAddress, SOCK_DGRAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "25000"] = process.argv.slice(2);
const MAX_SIZE = 2048;

using socket = new BlockingSocket(AF_INET, SOCK_DGRAM);
socket.bind([host, Number(port)]);
console.log(`Listening at ${formatAddress(socket.getsockname())}`);

for (;;) {
  const [data, address] = socket.recvfrom(MAX_SIZE); // waits
  console.log(data.toString());
  socket.sendto(`Response for ${address[0]}`, address);
}
