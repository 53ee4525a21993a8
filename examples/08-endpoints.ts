// 08  The two endpoints of a connection.
//
// An endpoint is a host and a port. A connection is a pair of endpoints, one at each side, and no two connections have the
// same pair. That is how a server can talk with thousands of clients by way of one port: its own endpoint is always the same,
// and theirs are all different.
//
// Run it:     npx tsx examples/08-endpoints.ts
// It prints:
//
//     before connect(): remote null
//     what is local to the client is remote to the server: true
//     and the other way round: true
//     two connections, at the server: the same local endpoint: true
//     two connections, at the server: the same remote endpoint: false
//     as text: 127.0.0.1:9999 <-> 127.0.0.1:54321
//     closed: remote null

import { type Address, createServer, formatAddress, Socket } from "ts-socketserver/socket";

/**
 * A connection as the textbook has it: made of its two endpoints, which say all there is to say about which one it is.
 *
 * A Socket has both as properties; this class is for programs that want to hold on to them, since a closed socket has none.
 */
class TcpConnection {
  readonly localEndpoint: Address;
  readonly remoteEndpoint: Address;

  constructor(localEndpoint: Address, remoteEndpoint: Address) {
    this.localEndpoint = localEndpoint;
    this.remoteEndpoint = remoteEndpoint;
  }

  /** The connection that a socket is one end of. */
  static of(socket: Socket): TcpConnection {
    const { localEndpoint, remoteEndpoint } = socket;
    if (remoteEndpoint === null) throw new Error(`${socket} is not connected`);
    return new TcpConnection(localEndpoint, remoteEndpoint);
  }

  toString(): string {
    return `${formatAddress(this.localEndpoint)} <-> ${formatAddress(this.remoteEndpoint)}`;
  }
}

/** Arrays with the same items are different objects to JavaScript: what counts is what is written. */
function areSame(one: Address | null, other: Address | null): boolean {
  return one !== null && other !== null && formatAddress(one) === formatAddress(other);
}

await using listener = await createServer(["127.0.0.1", 0]); // socket(), bind() and listen() in one

await using client = new Socket();
console.log(`before connect(): remote ${client.remoteEndpoint}`);
await client.connect(listener.getsockname());
const [accepted] = await listener.accept();
await using connection = accepted;

// localEndpoint is getsockname() under another name, and remoteEndpoint is getpeername(); but where there is no peer, it is
// null, while getpeername() throws.
const { localEndpoint, remoteEndpoint } = client;
console.log(
  `what is local to the client is remote to the server: ${areSame(localEndpoint, connection.remoteEndpoint)}`,
);
console.log(`and the other way round: ${areSame(remoteEndpoint, connection.localEndpoint)}`);

await using secondClient = new Socket();
await secondClient.connect(listener.getsockname());
const [secondAccepted] = await listener.accept();
await using second = secondAccepted;

const same = "two connections, at the server: the same";
console.log(`${same} local endpoint: ${areSame(connection.localEndpoint, second.localEndpoint)}`);
console.log(`${same} remote endpoint: ${areSame(connection.remoteEndpoint, second.remoteEndpoint)}`);
console.log(`as text: ${TcpConnection.of(connection)}`); // with the numbers of your run

await client.close();
console.log(`closed: remote ${client.remoteEndpoint}`);
