// A handler that fails ends its own request; the server goes on.
import { createConnection, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Divider extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const divisor = BigInt((await this.rfile.readline()).toString().trim());
    await this.wfile.write(`${100n / divisor}\n`);
  }
}

class DividerServer extends TCPServer {
  // Without this, the error and its stack are written to the log, with the client's address.
  override handleError(error: unknown): void {
    console.log(`handleError: ${String(error)}`);
  }
}

await using server = new DividerServer(["127.0.0.1", 0], Divider);
await server.open();
const serving = server.serveForever();

for (const divisor of ["4", "0", "20"]) {
  await using client = await createConnection(server.serverAddress);
  await client.sendall(`${divisor}\n`);
  console.log(`100 / ${divisor} = ${JSON.stringify((await client.recv(1024)).toString())}`);
}

await server.shutdown();
await serving;
