// Clients that talk to each other: what they share is in the server.
import { createConnection, MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

class ChatServer extends MultiplexingTCPServer {
  readonly members = new Set<Member>();
}

// The type parameter says which server this.server is.
class Member extends StreamRequestHandler<ChatServer> {
  override async setup(): Promise<void> {
    await super.setup(); // makes rfile and wfile
    this.server.members.add(this);
  }

  override async handle(): Promise<void> {
    await this.wfile.write(`welcome, you are number ${this.server.members.size}\n`);
    for await (const line of this.rfile) {
      for (const other of this.server.members) {
        // Not awaited: a member that reads slowly holds nobody up. What waits for it is bounded, and when that is
        // full, or the member is gone, the write fails: then that member is thrown out, not this one.
        if (other !== this) other.wfile.write(line).catch(() => other.request.abort());
      }
    }
  }

  // Called also when handle() has failed, so nobody stays in the set.
  override async finish(): Promise<void> {
    this.server.members.delete(this);
    await super.finish();
  }
}

await using server = new ChatServer(["127.0.0.1", 0], Member);
await server.open();
const serving = server.serveForever();

await using ada = await createConnection(server.serverAddress);
await using adaReads = ada.makefile("r");
console.log(`ada reads:   ${(await adaReads.readline()).trimEnd()}`);

await using grace = await createConnection(server.serverAddress);
await using graceReads = grace.makefile("r");
console.log(`grace reads: ${(await graceReads.readline()).trimEnd()}`);

await ada.sendall("good morning\n");
console.log(`grace reads: ${(await graceReads.readline()).trimEnd()}`);

await server.shutdown();
await serving;
