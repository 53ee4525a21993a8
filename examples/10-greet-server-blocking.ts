// 10  A server that counts its clients: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/10-greet-server-blocking.ts    (and in another terminal: 10-greet-client-blocking.ts)
// It prints:
//
//     Listening at 127.0.0.1:10001
//     Connection from 127.0.0.1:54321

import {
  AF_INET,
  BlockingSocket,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "10001"] = process.argv.slice(2);

using listener = new BlockingSocket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
listener.bind([host, Number(port)]);
listener.listen(5);
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (let count = 0; ; count += 1) {
  const [accepted, address] = listener.accept();
  using connection = accepted;
  console.log(`Connection from ${formatAddress(address)}`);
  try {
    connection.sendall(`${count}. Hi new friend!\n`);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
  }
}
