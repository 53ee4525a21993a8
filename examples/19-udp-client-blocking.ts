// 19  A UDP client: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/19-udp-client-blocking.ts   (either server of 19 runs in another terminal)
// It prints:
//
//     Response for 127.0.0.1

import { AF_INET, BlockingSocket, SOCK_DGRAM } from "ts-socketserver/socket";

const [host = "localhost", port = "25000"] = process.argv.slice(2);

using socket = new BlockingSocket(AF_INET, SOCK_DGRAM);
socket.sendto("Hi, this is a message.", [host, Number(port)]);
socket.settimeout(5); // a TimeoutError ends the program, with a message that says what it waited for
const [data] = socket.recvfrom(2048);
console.log(data.toString());
