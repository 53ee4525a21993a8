// 30  Many clients, by the name of a class: one handler, and four ways to run it. Needs the native transport.
//
// A server class accepts clients and runs a handler for each. How it runs them is the choice of the class, and the handler
// need not know. The course's three general ways (one loop over many sockets, threads, processes) have a prefix each; the
// class without one serves one client after the other.
//
// Run it:     npx tsx examples/30-server-classes.ts
// It prints:
//
//     TCPServer: Bob waits until Ada has left; his handler runs in the same process and thread
//     MultiplexingTCPServer: Bob is served at once; his handler runs in the same process and thread
//     ThreadingTCPServer: Bob is served at once; his handler runs in another thread
//     ForkingTCPServer: Bob is served at once; his handler runs in another process

import { threadId } from "node:worker_threads";
import {
  createConnection,
  ForkingTCPServer,
  isMain,
  MultiplexingTCPServer,
  StreamRequestHandler,
  TCPServer,
  ThreadingTCPServer,
  TimeoutError,
} from "ts-socketserver";

// A handler is exported, and names its module: threads and processes share no memory with the server, so they import the
// class from there. For the first two classes neither would be needed.
export class Here extends StreamRequestHandler {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    // For every line, where this is. (rfile and wfile are the connection as two files: see 32.)
    for await (const _line of this.rfile) await this.wfile.write(`${process.pid} ${threadId}\n`);
  }
}

function whereIs(answer: string): string {
  const [pid, thread] = answer.split(" ").map(Number);
  if (pid !== process.pid) return "another process";
  return thread === threadId ? "the same process and thread" : "another thread";
}

type AnyServerClass = typeof TCPServer | typeof ThreadingTCPServer | typeof ForkingTCPServer;

async function compare(ServerClass: AnyServerClass): Promise<void> {
  await using server = new ServerClass(["127.0.0.1", 0], Here);
  await server.open(); // from here on clients can connect, and serverAddress has the real port
  const serving = server.serveForever();
  {
    await using ada = await createConnection(server.serverAddress); // she connects first, and is silent
    await using bob = await createConnection(server.serverAddress);
    await bob.sendall("where are you?\n");

    // Only one of the four leaves him without an answer. How long the others take for their first one is a matter of the
    // machine: hence ten seconds, which none of them needs.
    bob.settimeout(ServerClass === TCPServer ? 0.1 : 10);
    let how = "is served at once";
    let answer = "";
    try {
      answer = `${await bob.recv(1024)}`;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      how = "waits until Ada has left";
      await ada.close();
      bob.settimeout(10);
      answer = `${await bob.recv(1024)}`;
    }
    console.log(`${ServerClass.name}: Bob ${how}; his handler runs in ${whereIs(answer)}`);
  }
  await server.shutdown(); // serveForever() returns
  await serving;
}

// The threads and processes import this file as well, and must not serve: Python's `if __name__ == "__main__"`.
if (isMain(import.meta.url)) {
  for (const ServerClass of [TCPServer, MultiplexingTCPServer, ThreadingTCPServer, ForkingTCPServer]) {
    await compare(ServerClass);
  }
}
