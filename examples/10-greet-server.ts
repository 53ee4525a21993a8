// 10  A server that counts its clients: it greets each one with a number, and ends the conversation.
//
// Here the server speaks first, and the client only listens; a protocol says who begins. `npx socketserver greet` is the same
// server as it comes with this package, for as many clients at once as you like.
//
// Run it:     npx tsx examples/10-greet-server.ts    (and in another terminal, as often as you like: 10-greet-client.ts)
// It prints:
//
//     Listening at 127.0.0.1:10001
//     Connection from 127.0.0.1:54321

import {
  AF_INET,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  Socket,
} from "ts-socketserver/socket";

// Books often bind to the machine's own name, gethostname(). Where that name leads is a matter of how the machine was set up:
// to itself alone, to the local network, or nowhere. An address leaves nothing to guess.
const [host = "127.0.0.1", port = "10001"] = process.argv.slice(2);

await using listener = new Socket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
await listener.bind([host, Number(port)]);
await listener.listen(5); // so many may wait while one is served
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (let count = 0; ; count += 1) {
  const [accepted, address] = await listener.accept();
  await using connection = accepted; // closed at the end of each turn; what was sent still arrives
  console.log(`Connection from ${formatAddress(address)}`);
  try {
    await connection.sendall(`${count}. Hi new friend!\n`);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error; // the client has left already: that is its own business
  }
}
