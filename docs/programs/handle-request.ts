// handleRequest() serves one request, and waits for it as long as `timeout` says.
import { createConnection, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write("hello\n");
  }
}

class PatientServer extends TCPServer {
  override timeout = 0.1; // seconds; null, the default, waits for ever

  override handleTimeout(): void {
    console.log("nobody came");
  }
}

await using server = new PatientServer(["127.0.0.1", 0], Greeter);
await server.handleRequest(); // opens the server, too

await using client = await createConnection(server.serverAddress);
await server.handleRequest();
console.log((await client.recv(1024)).toString().trim());
