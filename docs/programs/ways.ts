// One handler, run one client at a time and many at once.
import { createConnection, MultiplexingTCPServer, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const name = (await this.rfile.readline()).toString().trim();
    console.log(`${name} is served`);
  }
}

for (const ServerClass of [TCPServer, MultiplexingTCPServer]) {
  await using server = new ServerClass(["127.0.0.1", 0], Greeter);
  await server.open(); // from here on clients can connect, and serverAddress holds the real port
  const serving = server.serveForever();

  console.log(`${ServerClass.name}:`);
  await using first = await createConnection(server.serverAddress);
  await using second = await createConnection(server.serverAddress);
  await second.sendall("the second client\n"); // the first one has not said anything yet
  if (ServerClass === MultiplexingTCPServer) await second.recv(1); // waits for the end of the second conversation
  await first.sendall("the first client\n");
  await first.recv(1);
  await second.recv(1);

  await server.shutdown();
  await serving;
}
