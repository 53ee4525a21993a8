// 14  recvInto() and recvfromInto(): the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/14-recv-into-blocking.ts
// It prints:
//
//     recvInto() wrote 5 bytes: "hello"
//     a record of 12 bytes: "Ada     1815"
//     at the end: 0 bytes
//     recvfromInto() wrote 3 bytes: "one", from the sender: true

import { AF_INET, BlockingSocket, formatAddress, SOCK_DGRAM } from "ts-socketserver/socket";

using listener = new BlockingSocket();
listener.bind(["127.0.0.1", 0]);
listener.listen();
using client = new BlockingSocket();
client.connect(listener.getsockname());
const [accepted] = listener.accept();
using connection = accepted;

const memory = Buffer.alloc(10);
client.sendall("hello");
const count = connection.recvInto(memory);
console.log(`recvInto() wrote ${count} bytes: "${memory.subarray(0, count)}"`);

const record = Buffer.alloc(12);
client.sendall("Ada  ");
client.sendall("   1815");
for (let filled = 0; filled < record.length; ) {
  const received = connection.recvInto(record.subarray(filled)); // waits for the rest
  if (received === 0) throw new Error("The client has left in the middle of a record");
  filled += received;
}
console.log(`a record of 12 bytes: "${record}"`);

client.close();
console.log(`at the end: ${connection.recvInto(memory)} bytes`);

using sender = new BlockingSocket(AF_INET, SOCK_DGRAM);
using receiver = new BlockingSocket(AF_INET, SOCK_DGRAM);
sender.bind(["127.0.0.1", 0]);
receiver.bind(["127.0.0.1", 0]);
const packet = Buffer.alloc(2048);
sender.sendto("one", receiver.getsockname());
const [size, from] = receiver.recvfromInto(packet);
const isSender = formatAddress(from) === formatAddress(sender.getsockname());
console.log(`recvfromInto() wrote ${size} bytes: "${packet.subarray(0, size)}", from the sender: ${isSender}`);
