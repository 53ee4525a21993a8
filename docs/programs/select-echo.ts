// An echo server whose loop is written out: select() says which sockets are ready, and only those are used.
import { createConnection, type Socket } from "ts-socketserver";
import { select } from "ts-socketserver/selectors";
import { createServer } from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);
const asking = new Set<Socket>(); // clients that may send something
const answers = new Map<Socket, Buffer>(); // clients that are to get something; until they have it, nobody reads from them

async function serve(): Promise<void> {
  do {
    const [readable, writable] = await select([listener, ...asking], [...answers.keys()], []);
    for (const socket of readable) {
      if (socket === listener) {
        const [client] = await listener.accept(); // somebody waits, so this does not
        asking.add(client);
        continue;
      }
      const data = await socket.recv(1024);
      asking.delete(socket);
      if (data.length > 0) answers.set(socket, data);
      else await socket.close(); // the client has ended its sending
    }
    for (const client of writable) {
      const data = answers.get(client) ?? Buffer.alloc(0);
      const sent = await client.send(data); // as much as there is room for
      answers.delete(client);
      if (sent < data.length) answers.set(client, data.subarray(sent));
      else asking.add(client);
    }
  } while (asking.size + answers.size > 0); // until the last client has left
}

const serving = serve();

await using ada = await createConnection(listener.getsockname());
await using grace = await createConnection(listener.getsockname());
await grace.sendall("grace, who came second, speaks first");
console.log((await grace.recv(1024)).toString());
await ada.sendall("then ada");
console.log((await ada.recv(1024)).toString());

await ada.close();
await grace.close();
await serving;
console.log("the last client has left");
