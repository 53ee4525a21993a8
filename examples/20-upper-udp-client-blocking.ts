// 20  A UDP client that has an address of its own: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/20-upper-udp-client-blocking.ts   (either server of 20 runs in another terminal)
// It prints:
//
//     using 127.0.0.1:54321
//     received "SOME LETTERS LARGE, SOME SMALL" from 127.0.0.1:11111

import { AF_INET, BlockingSocket, formatAddress, SOCK_DGRAM } from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "11111"] = process.argv.slice(2);

using socket = new BlockingSocket(AF_INET, SOCK_DGRAM);
socket.bind(["127.0.0.1", 0]);
console.log(`using ${formatAddress(socket.getsockname())}`);

socket.sendto("Some Letters Large, Some Small", [host, Number(port)]);
socket.settimeout(5);
const [data, address] = socket.recvfrom(1024);
console.log(`received ${JSON.stringify(data.toString())} from ${formatAddress(address)}`);
