/** A program whose blocking handler prints, waits for what comes only when that has been read, prints, and ends its thread. */
import { BlockingRequestHandler, isMain, Socket, ThreadingTCPServer } from "ts-socketserver";

export class Talkative extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    console.log("one");
    console.log("two");
    console.error("three");
    console.error("four");
    this.request.recv(1);
    process.stdout.write(`${"long ".repeat(100_000)}\n`);
    console.log("the end");
    process.exit();
  }
}

if (isMain(import.meta.url)) {
  const server = new ThreadingTCPServer(["127.0.0.1", 0], Talkative, { threads: 1 });
  server.handleError = () => {};
  await server.open();
  server.serveForever();
  const client = new Socket();
  await client.connect(server.serverAddress);
  for await (const _text of process.stdin) await client.sendall("x");
  await client.recv(1);
  await client.close();
  await server.serverClose();
}
