// A handler that ends the whole server.
import { createConnection, ExitRequest, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Obedient extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const line = (await this.rfile.readline()).toString().trim();
    if (line === "quit") throw new ExitRequest(3); // not an error: handleError() is not called
    await this.wfile.write(`not ${line}\n`);
  }
}

await using server = new TCPServer(["127.0.0.1", 0], Obedient);
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await client.sendall("quit\n");
try {
  await serving;
} catch (error) {
  if (!(error instanceof ExitRequest)) throw error;
  console.log(`a handler asked for the end, with the exit code ${error.exitCode}`);
}
