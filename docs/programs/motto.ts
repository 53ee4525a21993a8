// A bundled server in a program of one's own: with its own quotes, and run as this program likes.
import { createConnection, MultiplexingTCPServer } from "ts-socketserver";
import { QotdMixIn, QotdStreamHandler } from "ts-socketserver/servers";

class MottoServer extends QotdMixIn(MultiplexingTCPServer) {
  override quotes = ["Nothing in excess."];
}

await using server = new MottoServer(["127.0.0.1", 0], QotdStreamHandler);
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await using file = client.makefile("r", { newline: "" });
console.log(JSON.stringify(await file.readline())); // as it was sent

await server.shutdown();
await serving;
