// The same with a selector: sockets stay registered, each with the function to call when it is ready.
import { DefaultSelector, EVENT_READ } from "ts-socketserver/selectors";
import { createConnection, createServer, type Socket } from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);
using selector = new DefaultSelector<() => Promise<void>>(); // the type of what is registered with a socket

async function accept(): Promise<void> {
  const [client] = await listener.accept();
  selector.register(client, EVENT_READ, () => echo(client));
}

async function echo(client: Socket): Promise<void> {
  const data = await client.recv(1024);
  if (data.length > 0) {
    await client.sendall(data); // while this waits, so does everybody
  } else {
    selector.unregister(client); // before it is closed, or after; but select() refuses closed sockets
    await client.close();
  }
}

async function serve(): Promise<void> {
  selector.register(listener, EVENT_READ, accept);
  do {
    for (const [key] of await selector.select()) await key.data();
  } while (selector.getMap().size > 1); // until only the listener is left
}

const serving = serve();

await using client = await createConnection(listener.getsockname());
await client.sendall("hello");
console.log((await client.recv(1024)).toString());
await client.close();
await serving;
