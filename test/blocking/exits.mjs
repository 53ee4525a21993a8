/** A program that ends while a blocking handler waits for its client: as its argument says, by an exit or by an error. */
import { BlockingRequestHandler, isMain, Socket, ThreadingTCPServer } from "ts-socketserver";

export class Echo extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    for (;;) this.request.sendall(this.request.recv(1024));
  }
}

if (isMain(import.meta.url)) {
  const server = new ThreadingTCPServer(["127.0.0.1", 0], Echo, { threads: 1 });
  await server.open();
  server.serveForever();
  const client = new Socket();
  await client.connect(server.serverAddress);
  await client.sendall("hello");
  console.log((await client.recv(100)).toString());
  if (process.argv[2] === "error") throw new Error("told to fail");
  process.exit(5);
}
