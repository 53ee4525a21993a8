// Two protocols at one port: a connection that begins with a capital letter, as HTTP does, is given to node:http.
import { createServer } from "node:http";
import { BaseRequestHandler, createConnection, MultiplexingTCPServer } from "ts-socketserver";
import { MSG_PEEK } from "ts-socketserver/socket";

// It listens nowhere by itself.
const web = createServer((_request, response) => {
  response.setHeader("connection", "close");
  response.end("node:http says hello");
});

class Greeter extends BaseRequestHandler {
  override async handle(): Promise<void> {
    const start = await this.request.recv(1, MSG_PEEK); // looks, and leaves the byte where it is
    if (!/[A-Z]/.test(start.toString())) {
      await this.request.sendall("the handler says hello");
      return;
    }
    const stream = this.request.toNodeSocket(); // from here on this.request is closed, and the connection is Node's
    web.emit("connection", stream);
    // The request lasts as long as the connection, so that the server counts it, and waits for it at its end.
    await new Promise((resolve) => stream.once("close", resolve));
  }
}

await using server = new MultiplexingTCPServer(["127.0.0.1", 0], Greeter);
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await client.sendall("hello");
console.log((await client.recv(1024)).toString());

const [host, port] = server.serverAddress;
const response = await fetch(`http://${host}:${port}/`);
console.log(response.status, await response.text());

await server.shutdown();
await serving;
