// Ending a server: the handlers that run are told, and get time to finish.
import { createConnection, MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

class Clock extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write("tick\n");
    const { closing } = this.server; // an AbortSignal
    await new Promise<void>((resolve) => closing.addEventListener("abort", () => resolve()));
    await this.wfile.write("goodbye\n");
  }
}

// After 5 seconds serverClose() cuts off who is not done, and the log says whom.
await using server = new MultiplexingTCPServer(["127.0.0.1", 0], Clock, { shutdownTimeout: 5 });
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await using lines = client.makefile("r");
console.log((await lines.readline()).trimEnd());
console.log(`requests: ${server.activeRequests}`);

await server.serverClose(); // ends the loop, closes the listening socket, waits for the handlers
await serving;
console.log(`requests: ${server.activeRequests}`);
console.log((await lines.readline()).trimEnd());
