// 06  Ports: which program of a machine is meant.
//
// A host has one address and many programs that want to be reached. A port tells them apart: a number of 16 bits, so there
// are 65,536. A server listens at one that its clients know; a client gets some free one from the system, for its own end.
//
// Run it:     npx tsx examples/06-ports.ts
// It prints:
//
//     well-known: 0 to 1023
//     registered: 1024 to 49151
//     dynamic: 49152 to 65535
//     ftp 21, ssh 22, telnet 23, smtp 25, time 37, nameserver 42
//     domain 53, http 80, pop3 110, sqlserv 118, nntp 119, https 443
//     the port 80 is for http
//     9999 is registered
//     port 0 was replaced by one of 1024 and above: true
//     the same port again: EADDRINUSE
//     port 65536: RangeError

import { portRangeOf, portRanges } from "ts-socketserver/clients";
import { createServer, getservbyname, getservbyport, OSError, Socket } from "ts-socketserver/socket";

// ── Three ranges ─────────────────────────────────────────────────────────────────────────────────────────────────────

// IANA, which keeps the list, gives out the well-known ones, where only privileged programs may listen on most systems;
// writes down who uses which of the registered ones; and leaves the rest to the systems, for the ends of clients.
for (const { name, first, last } of portRanges) console.log(`${name}: ${first} to ${last}`);

// ── Known services ───────────────────────────────────────────────────────────────────────────────────────────────────

const known = ["ftp", "ssh", "telnet", "smtp", "time", "nameserver"];
const more = ["domain", "http", "pop3", "sqlserv", "nntp", "https"];
for (const names of [known, more]) console.log(names.map((name) => `${name} ${getservbyname(name)}`).join(", "));
console.log(`the port 80 is for ${getservbyport(80)}`);

// `npx socketserver ports` prints the whole table.

// ── Choosing one ─────────────────────────────────────────────────────────────────────────────────────────────────────

// For a server of one's own: a registered number that nothing on this machine uses. Four digits are easy to remember.
console.log(`9999 is ${portRangeOf(9999).name}`);

// For a client, and for a server whose clients learn the port in some other way: 0, and the system picks a free one.
await using server = await createServer(["127.0.0.1", 0]);
const [, port = 0] = server.getsockname();
console.log(`port 0 was replaced by one of 1024 and above: ${Number(port) >= 1024}`);

// ── When it is taken ─────────────────────────────────────────────────────────────────────────────────────────────────

// Only one program can listen at a port. "Address already in use" is what every learner sees sooner or later: the same server
// is still running in another terminal.
try {
  await using _second = await createServer(server.getsockname());
} catch (error) {
  if (!(error instanceof OSError)) throw error;
  console.log(`the same port again: ${error.code}`);
}

// UDP has 65,536 ports of its own: there the same number may be free, or somebody else's.

// A number that is none is this program's mistake, and no state of the network: so it is no OSError.
try {
  await using socket = new Socket();
  await socket.bind(["127.0.0.1", 65_536]);
} catch (error) {
  console.log(`port 65536: ${(error as Error).name}`);
}
