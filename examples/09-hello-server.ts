// 09  A server that runs until it is told to end, one client after the other.
//
// It sends back what it receives, until the client has had enough; then the next one is served. A client that connects
// meanwhile waits: try it with three terminals. Other ways are in 25 to 30.
//
// Run it:     npx tsx examples/09-hello-server.ts               (and in another terminal: 09-hello-client.ts)
//             npx tsx examples/09-hello-server.ts 0.0.0.0 9999  (for clients on other machines)
//             `nc 127.0.0.1 9999` and `telnet 127.0.0.1 9999` are clients, too. Ctrl-C ends the server.
// It prints:
//
//     Listening at 127.0.0.1:9999
//     127.0.0.1:54321 has come
//     received "Hello, world"
//     127.0.0.1:54321 has left

import {
  AF_INET,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  Socket,
} from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "9999"] = process.argv.slice(2);
const SIZE = 1024;

async function serve(connection: Socket): Promise<void> {
  for (;;) {
    const data = await connection.recv(SIZE);
    if (data.length === 0) return; // the client has closed its socket, or said that it sends no more
    console.log(`received ${JSON.stringify(data.toString())}`);
    await connection.sendall(data);
  }
}

await using listener = new Socket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
await listener.bind([host, Number(port)]);
await listener.listen(5);
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (;;) {
  const [accepted, address] = await listener.accept();
  await using connection = accepted;
  console.log(`${formatAddress(address)} has come`);
  try {
    await serve(connection);
  } catch (error) {
    // A client whose cable is pulled is no reason for the server to end: only its own conversation does.
    if (!(error instanceof ConnectionError)) throw error;
    console.log(`${formatAddress(address)}: ${error.message}`);
  }
  console.log(`${formatAddress(address)} has left`);
}
