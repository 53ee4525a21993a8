// 20  A UDP server that changes what it gets: each message comes back in capitals.
//
// `npx socketserver upper --udp 127.0.0.1:11111` is the same server as it comes with this package.
//
// Run it:     npx tsx examples/20-upper-udp-server.ts   (and in another terminal: 20-upper-udp-client.ts)
//             npx tsx examples/20-upper-udp-server.ts "" 11111   (on all interfaces)
// It prints:
//
//     Listening at 127.0.0.1:11111
//     a message from 127.0.0.1:54321

import { AF_INET, formatAddress, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "11111"] = process.argv.slice(2);

await using socket = new Socket(AF_INET, SOCK_DGRAM);
await socket.bind([host, Number(port)]);
console.log(`Listening at ${formatAddress(socket.getsockname())}`);

for (;;) {
  const [data, address] = await socket.recvfrom(1024);
  console.log(`a message from ${formatAddress(address)}`);
  await socket.sendto(data.toString().toUpperCase(), address);
}
