// Needs the native transport. Python's echo server and its client, line for line: each in a process of its own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { AF_INET, BlockingSocket, type InetAddress, SOCK_STREAM, type TimeoutError } from "ts-socketserver/socket";

function runServer(): void {
  using listener = new BlockingSocket(AF_INET, SOCK_STREAM);
  listener.bind(["127.0.0.1", 0]);
  listener.listen();
  process.send?.(listener.getsockname());
  const [accepted, address] = listener.accept(); // waits for a client
  using connection = accepted;
  console.log(`server: connected by ${address[0]}`);
  for (;;) {
    const data = connection.recv(1024); // waits for bytes, or for the end
    if (data.length === 0) break;
    connection.sendall(data);
  }
  console.log("server: the client has left");
}

function runClient(address: InetAddress): void {
  using socket = new BlockingSocket(AF_INET, SOCK_STREAM);
  socket.connect(address);
  socket.sendall("Hello, world");
  console.log(`client: received ${socket.recv(1024)}`);
  socket.settimeout(0.1);
  try {
    socket.recv(1024);
  } catch (error) {
    console.log(`client: nothing more came, which is a ${(error as TimeoutError).name}`);
  }
}

if (process.argv[2] === "server") {
  runServer();
} else {
  const server = fork(fileURLToPath(import.meta.url), ["server"]);
  const [address] = await once(server, "message");
  runClient(address);
  await once(server, "exit");
}
