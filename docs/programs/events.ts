// Listening to what servers do.
import { subscribe } from "node:diagnostics_channel";
import {
  type ConnectionCloseEvent,
  createConnection,
  type HandlerEvent,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";

subscribe("socketserver:server.listen", () => console.log("the server listens"));
subscribe("socketserver:connection.accept", () => console.log("a client came"));
subscribe("socketserver:handler.handle", (message) => {
  const { handler } = message as HandlerEvent;
  console.log(`a ${handler.constructor.name} begins`);
});
subscribe("socketserver:connection.close", (message) => {
  const { duration, counters } = message as ConnectionCloseEvent;
  console.log(`it read ${counters.bytesRead} bytes and wrote ${counters.bytesWritten}; under 10 s: ${duration < 10}`);
});
subscribe("socketserver:server.close", () => console.log("the server is closed"));

class Upper extends StreamRequestHandler {
  override async handle(): Promise<void> {
    const line = await this.rfile.readline();
    await this.wfile.write(line.toString().toUpperCase());
  }
}

await using server = new TCPServer(["127.0.0.1", 0], Upper);
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(server.serverAddress);
await client.sendall("hello\n");
await handled;
