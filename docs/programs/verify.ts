// A server that refuses some of its clients, before a handler is made.
import { type Address, createConnection, type Socket, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write("hello\n");
  }
}

class OnceEach extends TCPServer {
  readonly #seen = new Set<string>();

  override verifyRequest(_request: Socket, clientAddress: Address): boolean {
    const host = String(clientAddress[0]);
    if (this.#seen.has(host)) return false; // the connection is closed
    this.#seen.add(host);
    return true;
  }
}

await using server = new OnceEach(["127.0.0.1", 0], Greeter);
await server.open();
const serving = server.serveForever();

for (let attempt = 1; attempt <= 2; attempt++) {
  await using client = await createConnection(server.serverAddress);
  await using file = client.makefile("r");
  console.log(`attempt ${attempt}: ${JSON.stringify(await file.read())}`);
}

await server.shutdown();
await serving;
