// A server and a client of sockets alone: the calls that a server class makes for you.
import { AF_INET, SHUT_WR, SOCK_STREAM, Socket } from "ts-socketserver/socket";

await using listener = new Socket(AF_INET, SOCK_STREAM);
await listener.bind(["127.0.0.1", 0]); // port 0: the system picks a free one
await listener.listen();

async function serveOne(): Promise<void> {
  const [connection] = await listener.accept(); // a new socket, for this client alone
  const question = await connection.recv(1024);
  await connection.sendall(`you said ${question}`);
  await connection.close();
}

const serving = serveOne();

await using client = new Socket(AF_INET, SOCK_STREAM);
await client.connect(listener.getsockname());
await client.sendall("hello");
await client.shutdown(SHUT_WR); // nothing more to say
console.log((await client.recv(1024)).toString());
console.log((await client.recv(1024)).length); // 0: the server has closed its end
await serving;
