// The same over a Unix socket: the address is a path.
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection, StreamRequestHandler, UnixStreamServer } from "ts-socketserver";

class Greeter extends StreamRequestHandler {
  override async handle(): Promise<void> {
    await this.wfile.write("hello\n");
  }
}

const path = join(mkdtempSync(join(tmpdir(), "docs-")), "greeter.sock");
const server = new UnixStreamServer(path, Greeter);
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(path);
console.log((await client.recv(1024)).toString().trim());
await handled;

console.log(existsSync(path));
await server.serverClose(); // removes the file
console.log(existsSync(path));
