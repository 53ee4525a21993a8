// 19  A UDP server: it answers each message to the address that it came from.
//
// There is nothing to listen for and nothing to accept: one socket receives from everybody, and sends to everybody. The
// sender's address comes with each message. `npx socketserver respond` is the same server as it comes with this package.
//
// Run it:     npx tsx examples/19-udp-server.ts   (and in another terminal: 19-udp-client.ts)
// It prints:
//
//     Listening at 127.0.0.1:25000
//     Hi, this is a message.

import { AF_INET, formatAddress, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

// The empty host, "", would be every interface: then other machines could send, too.
const [host = "127.0.0.1", port = "25000"] = process.argv.slice(2);
const MAX_SIZE = 2048; // what is longer is cut, and the third item of recvfrom() would say so

await using socket = new Socket(AF_INET, SOCK_DGRAM);
await socket.bind([host, Number(port)]);
console.log(`Listening at ${formatAddress(socket.getsockname())}`);

for (;;) {
  const [data, address] = await socket.recvfrom(MAX_SIZE);
  // Anybody can send anything: as UTF-8, every sequence of bytes is some text, with signs of replacement where it is not.
  console.log(data.toString());
  await socket.sendto(`Response for ${address[0]}`, address);
}
