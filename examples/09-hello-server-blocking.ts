// 09  A server that runs until it is told to end: the blocking twin. Needs the native transport.
//
// Each call that waits holds up the whole program, which has nothing else to do anyway: it serves one client after the other.
//
// Run it:     npx tsx examples/09-hello-server-blocking.ts   (and in another terminal: 09-hello-client-blocking.ts)
// It prints:
//
//     Listening at 127.0.0.1:9999
//     127.0.0.1:54321 has come
//     received "Hello, world"
//     127.0.0.1:54321 has left

import {
  AF_INET,
  BlockingSocket,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "9999"] = process.argv.slice(2);
const SIZE = 1024;

function serve(connection: BlockingSocket): void {
  for (;;) {
    const data = connection.recv(SIZE); // waits
    if (data.length === 0) return;
    console.log(`received ${JSON.stringify(data.toString())}`);
    connection.sendall(data); // waits, too, where the client does not read
  }
}

using listener = new BlockingSocket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
listener.bind([host, Number(port)]);
listener.listen(5);
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (;;) {
  const [accepted, address] = listener.accept(); // waits
  using connection = accepted;
  console.log(`${formatAddress(address)} has come`);
  try {
    serve(connection);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    console.log(`${formatAddress(address)}: ${error.message}`);
  }
  console.log(`${formatAddress(address)} has left`);
}
