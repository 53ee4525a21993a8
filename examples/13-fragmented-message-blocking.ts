// 13  A message in fragments: the blocking twin. Needs the native transport.
//
// A client that blocks, and a server that blocks, cannot live in one thread once they have more to say than the system keeps
// for them. So here they are two processes: the program starts itself once more, as the server.
//
// Run it:     npx tsx examples/13-fragmented-message-blocking.ts
// It prints:
//
//     received several fragments: true
//     together 3300000 bytes, the same text: true
//     by makefile(), the same text: true

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Address, BlockingSocket } from "ts-socketserver/socket";

const MAX_SIZE = 1024;
const text = "Die Brüder grüßen. ".repeat(150_000);

/** Sends the text to two clients, one after the other. */
function runServer(): void {
  using listener = new BlockingSocket();
  listener.bind(["127.0.0.1", 0]);
  listener.listen();
  process.send?.(listener.getsockname()); // tells the other process where it is
  for (let served = 0; served < 2; served += 1) {
    const [accepted] = listener.accept();
    using connection = accepted;
    connection.sendall(text); // waits whenever the client is behind
  }
}

function receiveFragments(socket: BlockingSocket): Buffer[] {
  const fragments: Buffer[] = [];
  for (;;) {
    const fragment = socket.recv(MAX_SIZE); // waits for the next one, or for the end
    if (fragment.length === 0) return fragments;
    fragments.push(fragment);
  }
}

function runClient(address: Address): void {
  {
    using socket = new BlockingSocket();
    socket.connect(address);
    const fragments = receiveFragments(socket);
    console.log(`received several fragments: ${fragments.length > 1}`);
    const whole = Buffer.concat(fragments);
    console.log(`together ${whole.length} bytes, the same text: ${whole.toString() === text}`);
  }
  {
    using socket = new BlockingSocket();
    socket.connect(address);
    console.log(`by makefile(), the same text: ${socket.makefile("r").read() === text}`);
  }
}

if (process.argv[2] === "server") {
  runServer();
} else {
  const server = fork(fileURLToPath(import.meta.url), ["server"]);
  const [address] = await once(server, "message");
  runClient(address);
}
