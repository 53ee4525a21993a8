// A protocol of one's own: a line with two numbers, answered by a line with their sum.
import { createConnection, MultiplexingTCPServer, StreamRequestHandler } from "ts-socketserver";

class Adder extends StreamRequestHandler {
  override timeout = 10; // seconds that a client may be silent

  override async handle(): Promise<void> {
    for await (const line of this.rfile) {
      const [a, b] = line.toString().trim().split(" ").map(Number);
      if (a === undefined || b === undefined) return; // the server closes the connection
      await this.wfile.write(`${a + b}\n`);
    }
  }
}

await using server = new MultiplexingTCPServer(["127.0.0.1", 0], Adder);
await server.open();
const serving = server.serveForever();

await using client = await createConnection(server.serverAddress);
await using answers = client.makefile("r");
for (const question of ["1 2", "20 22", "stop"]) {
  await client.sendall(`${question}\n`);
  console.log(`${question} = ${JSON.stringify(await answers.readline())}`);
}

await server.shutdown();
await serving;
