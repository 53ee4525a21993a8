// 26  Many clients, in one event loop: each has an asynchronous function of its own.
//
// The only difference to 25 is that the accepting loop does not await a conversation. All of them run in one thread, and
// whenever one waits for its client, another one goes on. Two never run at the same moment, so what they share needs no lock;
// and whoever computes for a second without an `await` holds up everybody.
//
// Run it:     npx tsx examples/26-many-in-one-loop.ts
// It prints:
//
//     Bob gets "HELLO" at once
//     Ada gets "GOOD MORNING"
//     conversations under way: 2
//     and after both have left: 0

import { createConnection, createServer, type Socket } from "ts-socketserver/socket";

async function serve(connection: Socket): Promise<void> {
  for (;;) {
    const data = await connection.recv(1024);
    if (data.length === 0) return;
    await connection.sendall(data.toString().toUpperCase());
  }
}

/** The conversations that are under way: without it, nobody could wait for their end. */
const conversations = new Set<Promise<void>>();

/** Serves a client, and closes its connection. It never fails: nobody is there who would hear of it. */
async function converse(accepted: Socket): Promise<void> {
  await using connection = accepted;
  try {
    await serve(connection);
  } catch (error) {
    console.error(error);
  }
}

await using listener = await createServer(["127.0.0.1", 0]);

async function serveTwo(): Promise<void> {
  for (let accepted = 0; accepted < 2; accepted += 1) {
    const [connection] = await listener.accept();
    // Not awaited here. A real server also looks how many there are already: memory and descriptors are limited, and a
    // MultiplexingTCPServer (30) has its maxConnections for that.
    const conversation = converse(connection);
    conversations.add(conversation);
    void conversation.then(() => conversations.delete(conversation));
  }
}

const serving = serveTwo();

await using ada = await createConnection(listener.getsockname());
await using bob = await createConnection(listener.getsockname());

await bob.sendall("hello");
console.log(`Bob gets ${JSON.stringify(`${await bob.recv(1024)}`)} at once`);

await ada.sendall("good morning");
console.log(`Ada gets ${JSON.stringify(`${await ada.recv(1024)}`)}`);

await serving;
console.log(`conversations under way: ${conversations.size}`);
await bob.close();
await ada.close();
await Promise.all(conversations);
console.log(`and after both have left: ${conversations.size}`);
