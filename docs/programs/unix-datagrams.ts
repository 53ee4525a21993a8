// Unix datagrams: whole messages, within one machine, and none is lost. Needs the native transport.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AF_UNIX, DatagramRequestHandler, Socket, UnixDatagramServer } from "ts-socketserver";
import { SOCK_DGRAM } from "ts-socketserver/socket";

class Upper extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write(this.packet.toString().toUpperCase());
  }
}

const directory = mkdtempSync(join(tmpdir(), "docs-"));
await using server = new UnixDatagramServer(join(directory, "upper.sock"), Upper);
await server.open();
const handled = server.handleRequest();

await using client = new Socket(AF_UNIX, SOCK_DGRAM);
await client.bind(join(directory, "client.sock")); // without a path of its own it could not be answered
await client.sendto("hello", server.serverAddress);
const [data, sender] = await client.recvfrom(1024);
console.log(data.toString(), sender === server.serverAddress);
await handled;
