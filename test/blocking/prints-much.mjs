/** A program whose blocking handler prints very much: tells by how many bytes a line its memory has grown. */
import { BlockingRequestHandler, isMain, Socket, ThreadingTCPServer } from "ts-socketserver";

const LINES = 100_000;

export class Chatterbox extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    this.print(LINES / 2);
    const before = this.server.measure();
    this.print(LINES);
    const after = this.server.measure();
    this.request.sendall(`${Math.round((after - before) / LINES)}\n`);
  }
  print(lines) {
    for (let line = 0; line < lines; line += 1) {
      console.log(`line ${line}`);
      // So that what waits for the main thread to write it does not count.
      if (line % 100 === 0) this.server.keepUp();
    }
  }
}

class Measuring extends ThreadingTCPServer {
  keepUp() {}
  measure() {
    globalThis.gc();
    return process.memoryUsage().rss;
  }
}

if (isMain(import.meta.url)) {
  const server = new Measuring(["127.0.0.1", 0], Chatterbox, { threads: 1 });
  await server.open();
  server.serveForever();
  const client = new Socket();
  await client.connect(server.serverAddress);
  process.send(Number(await client.makefile("r").readline()));
  await client.close();
  await server.serverClose();
}
