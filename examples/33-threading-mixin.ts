// 33  The mix-in for threads, and a handler that blocks. Needs the native transport.
//
// Python adds "in threads" to a server by deriving a class from two: ThreadingMixIn, and the server. Here a mix-in is a
// function that is given the server class and returns one that does both; so the two cannot be written in the wrong order.
//
// The handler is a blocking one: it is written as if there were nobody else in the world, and has a thread for itself. What
// its clients share is the server's, in the main thread, and a call of a method there blocks until the answer is back.
//
// Run it:     npx tsx examples/33-threading-mixin.ts
// It prints:
//
//     Ada's handler waits for her name
//     Bob is the guest number 1
//     Ada is the guest number 2
//     the server has seen 2 guests

import {
  type BlockingRemoteServer,
  BlockingStreamRequestHandler,
  createConnection,
  isMain,
  type Socket,
  TCPServer,
  ThreadingMixIn,
} from "ts-socketserver";
import type { TextReader } from "ts-socketserver/socket";

class GuestServer extends ThreadingMixIn(TCPServer) {
  guests = 0;

  // Called by the handlers in their threads, and run here, one call at a time: so there is nothing to lock.
  register(name: string): number {
    if (name === "") throw new Error("A guest without a name");
    this.guests += 1;
    return this.guests;
  }
}

export class Reception extends BlockingStreamRequestHandler<BlockingRemoteServer<GuestServer>> {
  static override readonly module = import.meta.url; // where a thread finds this class
  override timeout = 30;

  override handle(): void {
    this.wfile.write("Your name?\n");
    const name = this.rfile.readline().toString().trim(); // blocks this thread
    const number = this.server.register(name); // blocks it, too, until the main thread has answered
    this.wfile.write(`${name} is the guest number ${number}\n`);
  }
}

/** A client that has been asked for its name. */
async function arrive(server: GuestServer): Promise<{ socket: Socket; answers: TextReader }> {
  const socket = await createConnection(server.serverAddress);
  const answers = socket.makefile("r");
  await answers.readline();
  return { socket, answers };
}

if (isMain(import.meta.url)) {
  // Two threads are started ahead, and more when there are more clients than that.
  await using server = new GuestServer(["127.0.0.1", 0], Reception, { threads: 2 });
  await server.open();
  const serving = server.serveForever();
  {
    const ada = await arrive(server);
    const bob = await arrive(server); // although Ada's handler blocks its thread
    await using _ada = ada.socket;
    await using _bob = bob.socket;
    await using adaAnswers = ada.answers;
    await using bobAnswers = bob.answers;
    console.log("Ada's handler waits for her name");

    await bob.socket.sendall("Bob\n");
    console.log((await bobAnswers.readline()).trim());
    await ada.socket.sendall("Ada\n");
    console.log((await adaAnswers.readline()).trim());
  }
  await server.shutdown();
  await serving;
  console.log(`the server has seen ${server.guests} guests`);
}
