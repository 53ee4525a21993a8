// A server that logs to a logger of your own.
import { pino } from "pino";
import { createConnection, StreamRequestHandler, TCPServer } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    this.server.logger.info("greeting somebody");
    await this.wfile.write("hello\n");
  }
}

// Only the words, so that the output is the same at every run; pino itself writes JSON.
const logger = pino({ level: "info" }, { write: (line) => console.log(JSON.parse(line).msg) });

await using server = new TCPServer(["127.0.0.1", 0], Greeter, { logger });
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(server.serverAddress);
await client.recv(1024);
await handled;
