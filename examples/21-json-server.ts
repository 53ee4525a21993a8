// 21  A server for JSON, and whatever else: it sends everything back.
//
// It has no idea what the bytes mean, which is all it takes for a first try of a client. `npx socketserver json` is a server
// that understands: it takes values one by one, however they are cut, and says what is wrong with what is no JSON.
//
// Run it:     npx tsx examples/21-json-server.ts   (and in another terminal: 21-json-client.ts, then 22-object-client.ts)
//             npx tsx examples/21-json-server.ts 0.0.0.0   (the client on another machine, with this one's address)
// It prints:
//
//     Listening at 127.0.0.1:12345
//     Connected: 127.0.0.1:54321
//     Connected: 127.0.0.1:54322

import {
  AF_INET,
  ConnectionError,
  formatAddress,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  Socket,
} from "ts-socketserver/socket";

const [host = "127.0.0.1", port = "12345"] = process.argv.slice(2);

async function sendBack(connection: Socket): Promise<void> {
  for (;;) {
    const data = await connection.recv(1024);
    if (data.length === 0) return;
    await connection.sendall(data);
  }
}

await using listener = new Socket(AF_INET, SOCK_STREAM);
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, true); // can be started again at once, whoever was connected
await listener.bind([host, Number(port)]);
await listener.listen(1);
console.log(`Listening at ${formatAddress(listener.getsockname())}`);

for (;;) {
  const [accepted, address] = await listener.accept();
  await using connection = accepted;
  console.log(`Connected: ${formatAddress(address)}`);
  try {
    await sendBack(connection);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    console.log(error.message);
  }
}
