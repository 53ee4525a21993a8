// 34  The exercise of the name: the blocking twin, a thread for each client. Needs the native transport.
//
// Run it:     npx tsx examples/34-name-server-blocking.ts Ali
//             and in other terminals: `telnet 127.0.0.1 8888`, or either client of 34. Ctrl-C ends it.
// It prints, for one client:
//
//     Listening at 127.0.0.1:8888
//     127.0.0.1:54321 has come
//     127.0.0.1:54321 has left

import {
  type BlockingRemoteServer,
  BlockingStreamRequestHandler,
  formatAddress,
  isMain,
  ThreadingTCPServer,
} from "ts-socketserver";

const [name = "Ali", host = "127.0.0.1", port = "8888"] = process.argv.slice(2);

class NameServer extends ThreadingTCPServer {
  addedName = "";

  // Called by the handlers in their threads, and run in the main one.
  tell(text: string): void {
    console.log(text);
  }
}

export class NameHandler extends BlockingStreamRequestHandler<BlockingRemoteServer<NameServer>> {
  static override readonly module = import.meta.url;

  override handle(): void {
    const { addedName } = this.server; // asks the server, and waits for its answer
    this.server.tell(`${formatAddress(this.clientAddress)} has come`);
    for (const line of this.rfile) {
      this.wfile.write(`${line.toString().trimEnd()} ${addedName}\r\n`);
    }
  }

  override finish(): void {
    this.server.tell(`${formatAddress(this.clientAddress)} has left`);
    super.finish();
  }
}

// The threads import this file, too.
if (isMain(import.meta.url)) {
  await using server = new NameServer([host, Number(port)], NameHandler);
  server.addedName = name;
  await server.open();
  console.log(`Listening at ${formatAddress(server.serverAddress)}`);
  await server.serveForever();
}
