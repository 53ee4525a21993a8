// Socket options: a number, or the bytes of a C structure.
import {
  createConnection,
  createServer,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);
await using client = await createConnection(listener.getsockname());
const [connection] = await listener.accept();

client.setsockopt(IPPROTO_TCP, TCP_NODELAY, true); // small messages are sent at once
client.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1); // a peer that is gone is noticed
console.log(client.getsockopt(IPPROTO_TCP, TCP_NODELAY), client.getsockopt(SOL_SOCKET, SO_KEEPALIVE));
console.log(client.getsockopt(SOL_SOCKET, SO_TYPE) === SOCK_STREAM);

// struct linger { int l_onoff; int l_linger; }: close() is to break the connection.
client.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer));
await client.close();
try {
  await connection.recv(1024);
} catch (error) {
  console.log((error as Error).name);
}
await connection.close();
