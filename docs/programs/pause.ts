// shutdown() is a pause: who comes meanwhile waits, and is served by the next serveForever().
import { createConnection, MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write("hello\n");
  }
}

await using server = new MultiplexingTCPServer(["127.0.0.1", 0], Greeter);
await server.open();
const before = server.serveForever();
await server.shutdown();
await before;

const clients = [];
for (let number = 1; number <= 3; number++) clients.push(await createConnection(server.serverAddress));
console.log(`served meanwhile: ${server.activeRequests}`);

const after = server.serveForever();
for (const client of clients) {
  console.log((await client.recv(1024)).toString().trim());
  await client.close();
}
await server.shutdown();
await after;
