// 03  Byte order: how a number travels.
//
// A number of more than one byte can be written with its highest byte first or with its lowest. Processors differ; the
// network has agreed on the highest first. Python's functions for it turn a number round where the processor does it the
// other way, and leave it as it is elsewhere: h is for host, n for network, s for 16 bits (short), l for 32 (long).
//
// Run it:     npx tsx examples/03-byte-order.ts
// It prints:
//
//     the port 80 as it travels: 00 50
//     there and back again: 80
//     the address 127.0.0.1 as it travels: 7f 00 00 01
//     there and back again: 0x7f000001
//     70000 is no port: RangeError
//     as a program writes it today: 00 50 7f 00 00 01
//     and reads it: 80 0x7f000001

import { htonl, htons, ntohl, ntohs } from "ts-socketserver/socket";

/** The bytes of a typed array, in the order in which they lie in memory. */
function bytesOf(numbers: Uint16Array | Uint32Array): string {
  const bytes = new Uint8Array(numbers.buffer);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

// ── The four functions ───────────────────────────────────────────────────────────────────────────────────────────────

// A typed array lays its numbers down as the processor does. On x86 and ARM, htons(80) is the strange number 20480, whose
// bytes, lowest first, are 00 50; on a processor that begins with the highest, it is 80. The bytes are the same on both.
console.log(`the port 80 as it travels: ${bytesOf(Uint16Array.of(htons(80)))}`);
console.log(`there and back again: ${ntohs(htons(80))}`);

const LOOPBACK = 0x7f000001;
console.log(`the address 127.0.0.1 as it travels: ${bytesOf(Uint32Array.of(htonl(LOOPBACK)))}`);
console.log(`there and back again: 0x${ntohl(htonl(LOOPBACK)).toString(16)}`);

// What does not fit is refused. C would cut it off, and send to the port 4464.
try {
  htons(70_000);
} catch (error) {
  console.log(`70000 is no port: ${(error as Error).name}`);
}

// ── What a program of today does ─────────────────────────────────────────────────────────────────────────────────────

// A Buffer says in the method's name which order it means (BE: big end first), so that nothing has to be turned round.
const message = Buffer.alloc(6);
message.writeUInt16BE(80, 0);
message.writeUInt32BE(LOOPBACK, 2);
console.log(`as a program writes it today: ${message.toString("hex").replace(/..(?=.)/g, "$& ")}`);
console.log(`and reads it: ${message.readUInt16BE(0)} 0x${message.readUInt32BE(2).toString(16)}`);
