// 04  IP addresses: as text, as bytes, as numbers; and the hosts that are none.
//
// The address of a socket is a host and a port, in an array: ["127.0.0.1", 9999]. The host can be written in more ways than
// one. On the way it is bytes: four of them for IPv4, sixteen for IPv6.
//
// Run it:     npx tsx examples/04-addresses.ts
// It prints:
//
//     127.0.0.1 has the bytes 7f000001, back again 127.0.0.1
//     ::1 has the bytes 00000000000000000000000000000001, back again ::1
//     127.0.0.1 within IPv6: 0000:0000:0000:0000:0000:ffff:7f00:0001, in short ::ffff:127.0.0.1
//     127.0.0.256 is an OSError
//     127.0.0.1 reaches 127.0.0.1
//     127.1 reaches 127.0.0.1
//     0x7f000001 reaches 127.0.0.1
//     2130706433 reaches 127.0.0.1
//     localhost reaches 127.0.0.1
//     the empty host, bound: 0.0.0.0
//     parsed: ["::1",9999], and written again: [::1]:9999

import {
  AF_INET,
  AF_INET6,
  formatAddress,
  inetAton,
  inetNtoa,
  inetNtop,
  inetPton,
  parseAddress,
  SOCK_DGRAM,
  Socket,
} from "ts-socketserver/socket";

// ── Text and bytes ───────────────────────────────────────────────────────────────────────────────────────────────────

// "a" is for ASCII, the text, and "n" for network, the bytes. These two know IPv4 alone …
const packed = inetAton("127.0.0.1");
console.log(`127.0.0.1 has the bytes ${packed.toString("hex")}, back again ${inetNtoa(packed)}`);

// … and these two both families, which is why they are to be told which one. "p" is for presentation.
const loopback6 = inetPton(AF_INET6, "::1");
console.log(`::1 has the bytes ${loopback6.toString("hex")}, back again ${inetNtop(AF_INET6, loopback6)}`);

// Every IPv4 address has a place in IPv6, so that a program can treat all of its clients alike: 80 zero bits, 16 ones, and
// the four bytes. The longest run of zeros is left out when it is written.
const mapped = Buffer.concat([Buffer.alloc(10), Buffer.of(0xff, 0xff), packed]);
const groups = mapped.toString("hex").replace(/.{4}(?=.)/g, "$&:");
console.log(`127.0.0.1 within IPv6: ${groups}, in short ${inetNtop(AF_INET6, mapped)}`);

try {
  inetPton(AF_INET, "127.0.0.256");
} catch (error) {
  console.log(`127.0.0.256 is an ${(error as Error).name}`);
}

// ── Ways to write the same host ──────────────────────────────────────────────────────────────────────────────────────

// The four bytes are one number of 32 bits, too, and a host may be written as that; a short form leaves zeros out. All of it
// goes back to the first C library, and still turns up in logs and in the tricks of attackers: who filters addresses must
// look at the bytes, not at the text. A name is resolved: see 05-host-names.ts.
for (const host of ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost"]) {
  await using socket = new Socket(AF_INET, SOCK_DGRAM);
  await socket.connect([host, 9]); // a UDP socket only remembers the address: nothing is sent
  console.log(`${host} reaches ${socket.remoteEndpoint?.[0]}`);
}

// ── Hosts that are no address ────────────────────────────────────────────────────────────────────────────────────────

// The empty host is for servers: every interface of this machine, so that other machines can connect. For a program that is
// only tried out, "127.0.0.1" is the better choice, since nobody else can reach it.
await using everywhere = new Socket(AF_INET, SOCK_DGRAM);
await everywhere.bind(["", 0]);
console.log(`the empty host, bound: ${everywhere.getsockname()[0]}`);

// "<broadcast>" is 255.255.255.255: everybody on the local network. A UDP socket may send there once it has asked for it,
// with socket.setsockopt(SOL_SOCKET, SO_BROADCAST, true). This program does not shout at your network.

// ── Host and port in one ─────────────────────────────────────────────────────────────────────────────────────────────

// People write both in one word, such as on a command line. An IPv6 address stands in brackets then, for its colons.
const address = parseAddress("[::1]:9999");
console.log(`parsed: ${JSON.stringify(address)}, and written again: ${formatAddress(address)}`);
