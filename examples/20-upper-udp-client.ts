// 20  A UDP client that has an address of its own before it sends.
//
// Run it:     npx tsx examples/20-upper-udp-client.ts   (20-upper-udp-server.ts runs in another terminal)
// It prints:
//
//     using 127.0.0.1:54321
//     received "SOME LETTERS LARGE, SOME SMALL" from 127.0.0.1:11111

import { AF_INET, formatAddress, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "11111"] = process.argv.slice(2);

await using socket = new Socket(AF_INET, SOCK_DGRAM);

// The port 0: the system chooses. Without bind() it would do so at the first sendto(); like this the program knows its
// address earlier, and could tell it to somebody.
await socket.bind(["127.0.0.1", 0]);
console.log(`using ${formatAddress(socket.getsockname())}`);

await socket.sendto("Some Letters Large, Some Small", [host, Number(port)]);
socket.settimeout(5);

// Anybody can send to this address. Who cares looks at where an answer comes from; or calls connect() first, after which the
// system lets through what comes from there alone.
const [data, address] = await socket.recvfrom(1024);
console.log(`received ${JSON.stringify(data.toString())} from ${formatAddress(address)}`);
