// 05  Host names: from a name to its addresses, and back.
//
// People remember names, and packets need addresses. In between is the resolver: a file of the system (/etc/hosts), and
// behind it the domain name system, which is a network of servers itself. So looking up may take a while, and may fail.
//
// Run it:     npx tsx examples/05-host-names.ts
//             npx tsx examples/05-host-names.ts www.python.org       (asks for that name as well)
// It prints:
//
//     this machine has a name: true
//     gethostbyname("localhost"): 127.0.0.1
//     gethostbynameEx("localhost"): the name localhost, the addresses 127.0.0.1
//     gethostbyaddr("127.0.0.1"): localhost
//     getfqdn("127.0.0.1"): localhost
//     getaddrinfo("127.0.0.1", "http"): 127.0.0.1:80 over tcp
//     a name that nobody has: GaiError

import {
  AF_INET,
  formatAddress,
  GaiError,
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbynameEx,
  gethostname,
  IPPROTO_TCP,
  SOCK_STREAM,
} from "ts-socketserver/socket";

// ── Which machine is this? ───────────────────────────────────────────────────────────────────────────────────────────

// The name that its owner gave it. Nothing says that another machine can find it by that name, nor that this one can.
console.log(`this machine has a name: ${gethostname().length > 0}`);

// ── From a name to addresses ─────────────────────────────────────────────────────────────────────────────────────────

// One IPv4 address. This is what `ping` tells in its first line.
console.log(`gethostbyname("localhost"): ${await gethostbyname("localhost")}`);

// All of them, with the name that the resolver takes for the true one, and its other names. Large sites have several
// addresses under one name, to share the work among machines.
const [name, , addresses] = await gethostbynameEx("localhost");
console.log(`gethostbynameEx("localhost"): the name ${name}, the addresses ${addresses}`);

// ── And back ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const [nameOfAddress] = await gethostbyaddr("127.0.0.1");
console.log(`gethostbyaddr("127.0.0.1"): ${nameOfAddress}`);

// "Fully qualified domain name": the name with everything behind it that belongs to it, such as web1.example.org. Without
// an argument it is this machine's. Where there is none, it gives back what it was asked for, and does not fail.
console.log(`getfqdn("127.0.0.1"): ${await getfqdn("127.0.0.1")}`);

// ── What a program of today asks ─────────────────────────────────────────────────────────────────────────────────────

// The calls above are from the time of IPv4. This one answers for both families, takes the name of a service for the port,
// and gives all that it takes to open a socket. createConnection() calls it, and tries one answer after the other.
for (const [, , proto, , address] of await getaddrinfo("127.0.0.1", "http", AF_INET, SOCK_STREAM)) {
  const over = proto === IPPROTO_TCP ? "tcp" : "another protocol";
  console.log(`getaddrinfo("127.0.0.1", "http"): ${formatAddress(address)} over ${over}`);
}

// ── When it fails ────────────────────────────────────────────────────────────────────────────────────────────────────

// Every name that ends with .invalid is sure not to exist. A program tells its user, rather than with a stack of calls.
try {
  await gethostbyname("no-such-host.invalid");
} catch (error) {
  if (!(error instanceof GaiError)) throw error;
  console.log(`a name that nobody has: ${error.name}`);
}

// ── Your own question ────────────────────────────────────────────────────────────────────────────────────────────────

// `npx socketserver resolve www.python.org` does the same, with the names of each address.
for (const asked of process.argv.slice(2)) {
  for (const [, , , , address] of await getaddrinfo(asked, null, undefined, SOCK_STREAM)) {
    console.log(`${asked} is ${address[0]}`);
  }
}
