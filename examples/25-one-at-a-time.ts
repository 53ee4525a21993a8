// 25  Many clients, the first way: one at a time.
//
// The loop accepts a client, serves it to the end, and only then accepts the next one. It is the simplest server, and right
// where a conversation is over in no time. But one client that connects and says nothing keeps all the others waiting.
//
// In 25 to 29 Ada and Bob visit five servers that do the same, and are made differently. Ada comes first, and thinks before
// she speaks.
//
// Run it:     npx tsx examples/25-one-at-a-time.ts
// It prints:
//
//     Bob has connected, and gets no answer
//     Ada gets "GOOD MORNING", and leaves
//     now Bob gets "HELLO"

import { createConnection, createServer, type Socket, TimeoutError } from "ts-socketserver/socket";

/** Sends back in capitals what a client says, until it leaves. */
async function serve(connection: Socket): Promise<void> {
  for (;;) {
    const data = await connection.recv(1024);
    if (data.length === 0) return;
    await connection.sendall(data.toString().toUpperCase());
  }
}

await using listener = await createServer(["127.0.0.1", 0]);

async function serveTwo(): Promise<void> {
  for (let served = 0; served < 2; served += 1) {
    const [accepted] = await listener.accept();
    await using connection = accepted;
    await serve(connection); // this is the line that makes the next client wait
  }
}

const serving = serveTwo();

await using ada = await createConnection(listener.getsockname());
await using bob = await createConnection(listener.getsockname()); // he is in the listener's queue, and takes that for success

// Bob is quick.
await bob.sendall("hello");
bob.settimeout(0.1);
try {
  await bob.recv(1024);
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log("Bob has connected, and gets no answer");
}

// Ada has thought.
await ada.sendall("good morning");
console.log(`Ada gets ${JSON.stringify(`${await ada.recv(1024)}`)}, and leaves`);
await ada.close();

bob.settimeout(10);
console.log(`now Bob gets ${JSON.stringify(`${await bob.recv(1024)}`)}`);
await bob.close();
await serving;
