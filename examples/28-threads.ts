// 28  Many clients, by threads: a thread for each of them. Needs the native transport.
//
// The main program accepts a client, starts a thread, hands the connection over to it, and goes back to accept the next one.
// The thread serves that one client, and may block as long as it likes: it has nothing else to do. So the code of a server
// for one client serves many, unchanged.
//
// Threads of Node.js share no memory, but they share the process, and with it the descriptors: the number under a connection
// is what is handed over. ThreadingTCPServer (30, 33) does all this, with a pool of threads, and with bounds.
//
// Run it:     npx tsx examples/28-threads.ts
// It prints:
//
//     Bob gets "HELLO" at once
//     Ada gets "GOOD MORNING"
//     threads that have ended: 2

import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import {
  AF_INET,
  BlockingSocket,
  createConnection,
  createServer,
  SOCK_STREAM,
  type Socket,
} from "ts-socketserver/socket";

/** What a thread does: serves one client to the end. */
function serveClient(descriptor: number): void {
  // The socket takes the descriptor over, and closes it in the end.
  using connection = new BlockingSocket(AF_INET, SOCK_STREAM, 0, { fileno: descriptor });
  for (;;) {
    const data = connection.recv(1024); // blocks this thread, and no other
    if (data.length === 0) return;
    connection.sendall(data.toString().toUpperCase());
  }
}

// A thread is started with a file. In Node.js 20 it lacks what makes TypeScript run by tsx, so it fetches that first; from 22
// on, and with JavaScript anywhere, `new Worker(new URL(import.meta.url))` is enough.
const START = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(import.meta.url)});
})`;

/** What the main thread does: accepts, and starts threads. @returns how many have ended in the end */
async function serveTwo(listener: Socket): Promise<number> {
  const ended: Promise<unknown>[] = [];
  for (let accepted = 0; accepted < 2; accepted += 1) {
    const [connection] = await listener.accept();
    // detach() gives the number up here, without closing it. At every moment exactly one of the two owns it.
    const thread = new Worker(START, { eval: true, workerData: connection.detach() });
    ended.push(once(thread, "exit")); // or its failure, which a real server would log, and go on
    // A thread costs some 10 MB. A server that starts one for whoever comes lets its visitors decide how much memory it
    // takes: a pool has a largest size, and makes further clients wait.
  }
  return (await Promise.all(ended)).length;
}

async function main(): Promise<void> {
  await using listener = await createServer(["127.0.0.1", 0]);
  const serving = serveTwo(listener);
  {
    await using ada = await createConnection(listener.getsockname());
    await using bob = await createConnection(listener.getsockname());
    await bob.sendall("hello");
    console.log(`Bob gets ${JSON.stringify(`${await bob.recv(1024)}`)} at once`);
    await ada.sendall("good morning");
    console.log(`Ada gets ${JSON.stringify(`${await ada.recv(1024)}`)}`);
  }
  console.log(`threads that have ended: ${await serving}`);
}

// The main thread and the others run the same file.
if (isMainThread) await main();
else serveClient(workerData);
