// 02  Address families and types: the two choices that make a socket what it is. Needs the native transport.
//
// The family says what an address looks like, and so who can be reached. The type says what travels: one stream of bytes
// over a connection, as in a telephone call, or separate messages without one, as with postcards.
//
// Run it:     npx tsx examples/02-families-and-types.ts
// It prints:
//
//     AF_INET  SOCK_STREAM    <Socket tcp 0.0.0.0:0>
//     AF_INET  SOCK_DGRAM     <Socket udp 0.0.0.0:0>
//     AF_INET6 SOCK_STREAM    <Socket tcp [::]:0>
//     AF_INET6 SOCK_DGRAM     <Socket udp [::]:0>
//     AF_UNIX  SOCK_STREAM    <Socket unix (unnamed)>
//     AF_UNIX  SOCK_DGRAM     <Socket unix datagram (unnamed)>
//     AF_UNIX  SOCK_SEQPACKET <Socket unix seqpacket (unnamed)>
//     two messages over SOCK_STREAM:    "onetwo"
//     two messages over SOCK_DGRAM:     "one", then "two"
//     two messages over SOCK_SEQPACKET: "one", then "two"
//     SOCK_RAW is for programs with privileges

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_ICMP,
  PermissionError,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  Socket,
  type SocketKind,
  socketpair,
} from "ts-socketserver/socket";

// ── Every useful combination ─────────────────────────────────────────────────────────────────────────────────────────

const families = {
  AF_INET, // IPv4: four bytes, written 127.0.0.1, and a port. What most of the network still speaks.
  AF_INET6, // IPv6: sixteen bytes, written ::1, and a port. There are enough addresses for everything.
  AF_UNIX, // Within one machine: the address is the path of a file. The network has no part in it. Some books say AF_LOCAL.
} as const;
const types = {
  SOCK_STREAM, // A connection. Everything arrives, once and in order; but where one message ends, nobody tells.
  SOCK_DGRAM, // No connection. Each message arrives whole, or not at all, or twice, or after the next one.
  SOCK_SEQPACKET, // A connection that keeps messages apart. Rare: within a machine Linux has it, over IP hardly anybody.
} as const;

for (const [familyName, family] of Object.entries(families)) {
  for (const [typeName, type] of Object.entries(types)) {
    if (type === SOCK_SEQPACKET && family !== AF_UNIX) continue;
    await using socket = new Socket(family, type);
    // A socket is shown with the protocol that comes of the two choices, and with its address, which it has not got yet.
    console.log(`${familyName.padEnd(8)} ${typeName.padEnd(14)} ${socket}`);
  }
}

// ── What the type means for two short messages ───────────────────────────────────────────────────────────────────────

async function sendTwo(type: SocketKind): Promise<string[]> {
  // Two sockets that are connected with each other already: the shortest way to a conversation.
  const [one, other] = await socketpair(AF_UNIX, type);
  await using sender = one;
  await using receiver = other;
  await sender.sendall("one");
  await sender.sendall("two");

  // Both have arrived: a Unix socket hands over at once. So what recv() returns now is what the type makes of them.
  const received = [`${await receiver.recv(1024)}`];
  if (received[0] === "one") received.push(`${await receiver.recv(1024)}`);
  return received;
}

for (const [name, type] of Object.entries(types)) {
  const received = (await sendTwo(type)).map((text) => JSON.stringify(text));
  console.log(`two messages over ${`${name}:`.padEnd(15)} ${received.join(", then ")}`);
}

// ── What is left ─────────────────────────────────────────────────────────────────────────────────────────────────────

// SOCK_RAW goes below TCP and UDP: whoever has one writes packets by hand, as `ping` does. The system lets only privileged
// programs have it, so that nobody sends packets in somebody else's name. (Python has a SOCK_RDM as well, which no protocol
// of today's systems uses.)
try {
  await using _raw = new Socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
} catch (error) {
  if (!(error instanceof PermissionError)) throw error;
}
console.log("SOCK_RAW is for programs with privileges");
