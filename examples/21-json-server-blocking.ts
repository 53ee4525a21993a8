// 21  A server that sends everything back: the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/21-json-server-blocking.ts   (then 21-json-client-blocking.ts and 22-object-client-blocking.ts)
// It prints:
//
//     Listening at 127.0.0.1:12345
//     Connected: 127.0.0.1:54321
//     Connected: 127.0.0.1:54322

import {
  AF_INET,
  BlockingSocket,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

function sendBack(connection: BlockingSocket): void {
  for (;;) {
    const data = connection.recv(1024);
    if (data.length === 0) return;
    connection.sendall(data);
  }
}

using listener = new BlockingSocket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
listener.bind([host, Number(port)]);
listener.listen(1);
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (;;) {
  const [accepted, address] = listener.accept();
  using connection = accepted;
  console.log(`Connected: ${formatAddress(address)}`);
  try {
    sendBack(connection);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    console.log(error.message);
  }
}
