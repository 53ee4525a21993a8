// 14  recvInto() and recvfromInto(): receiving into memory that is there already.
//
// recv() returns a new Buffer each time. A program that receives without end, or that fills a piece of memory of a known size
// from many fragments, has its own memory filled instead, and is told how many bytes it was.
//
// Run it:     npx tsx examples/14-recv-into.ts
// It prints:
//
//     recvInto() wrote 5 bytes: "hello"
//     what lay behind them is untouched: "....."
//     a record of 12 bytes, filled from several fragments: true "Ada     1815"
//     at the end: 0 bytes
//     recvfromInto() wrote 3 bytes: "one", from the sender: true
//     a shorter datagram leaves a part of the longer one: "two" of "twoee"

import { AF_INET, createConnection, createServer, formatAddress, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

// ── A stream ─────────────────────────────────────────────────────────────────────────────────────────────────────────

await using listener = await createServer(["127.0.0.1", 0]);
await using client = await createConnection(listener.getsockname());
const [accepted] = await listener.accept();
await using connection = accepted;

const memory = Buffer.alloc(10, ".");
await client.sendall("hello");
const count = await connection.recvInto(memory);
// Only the first `count` bytes are news. subarray() shows them without a copy.
console.log(`recvInto() wrote ${count} bytes: "${memory.subarray(0, count)}"`);
console.log(`what lay behind them is untouched: "${memory.subarray(count)}"`);

// A record of fixed length: a name of 8 bytes and a year of 4. It comes in two fragments, and each call is given the part of
// the memory that is still to be filled. So nothing is joined in the end.
const record = Buffer.alloc(12);
const sending = (async () => {
  await client.sendall("Ada  ");
  await client.sendall("   1815");
})();
let filled = 0;
while (filled < record.length) {
  const received = await connection.recvInto(record.subarray(filled));
  if (received === 0) throw new Error("The client has left in the middle of a record");
  filled += received;
}
await sending;
console.log(`a record of 12 bytes, filled from several fragments: ${filled === 12} "${record}"`);

// The end is a count of 0.
await client.close();
console.log(`at the end: ${await connection.recvInto(memory)} bytes`);

// ── Datagrams ────────────────────────────────────────────────────────────────────────────────────────────────────────

await using sender = new Socket(AF_INET, SOCK_DGRAM);
await using receiver = new Socket(AF_INET, SOCK_DGRAM);
await sender.bind(["127.0.0.1", 0]);
await receiver.bind(["127.0.0.1", 0]);

// Each call takes one datagram, and tells who sent it. One that is longer than the memory is cut, so the memory is to be as
// long as the longest that there can be.
const packet = Buffer.alloc(2048);
await sender.sendto("one", receiver.getsockname());
const [size, from] = await receiver.recvfromInto(packet);
const isSender = formatAddress(from) === formatAddress(sender.getsockname());
console.log(`recvfromInto() wrote ${size} bytes: "${packet.subarray(0, size)}", from the sender: ${isSender}`);

// The memory is not cleared in between. Who forgets the count reads what somebody else has sent before: mistakes of this kind
// have given away passwords.
await sender.sendto("three", receiver.getsockname());
await receiver.recvfromInto(packet);
await sender.sendto("two", receiver.getsockname());
const [length] = await receiver.recvfromInto(packet);
const [right, wrong] = [packet.subarray(0, length), packet.subarray(0, 5)];
console.log(`a shorter datagram leaves a part of the longer one: "${right}" of "${wrong}"`);
