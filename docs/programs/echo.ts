// A TCP server that sends back what it gets, and a client of it, in one program.
import { BaseRequestHandler, createConnection, TCPServer } from "ts-socketserver";

class Echo extends BaseRequestHandler {
  override async handle(): Promise<void> {
    for (;;) {
      const data = await this.request.recv(1024); // this.request is the connection
      if (data.length === 0) return; // the client has ended its sending
      await this.request.sendall(data);
    }
  }
}

await using server = new TCPServer(["127.0.0.1", 0], Echo); // port 0: the system picks a free one
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await client.sendall("hello");
console.log((await client.recv(1024)).toString());
await client.close(); // the handler reads the end, and returns

await server.shutdown(); // serveForever() returns
await serving;
