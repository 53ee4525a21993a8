// 27  Many clients, by select(): one loop that asks which sockets are ready, and never waits for a single one.
//
// This is what lies under every event loop, written out. The program has a list of sockets: several that listen, and one for
// each client. select() waits until something can be done with at least one of them, and says with which. Then that is done,
// and nothing else, since it would wait. `npx socketserver select-echo` is a server of this kind without this one's limits.
//
// Run it:     npx tsx examples/27-select.ts
// It prints:
//
//     nobody within 0.05 seconds
//     a client at the first door
//     a client at the second door
//     Bob gets "HELLO" at once
//     Ada gets "GOOD MORNING"
//     a client has left
//     a client has left
//     the loop has ended

import { select } from "ts-socketserver/selectors";
import { createConnection, createServer, type Socket } from "ts-socketserver/socket";

// One server may have several doors: one for the local network and one for the machine itself, say, or two protocols.
await using firstDoor = await createServer(["127.0.0.1", 0]);
await using secondDoor = await createServer(["127.0.0.1", 0]);
const doors = [firstDoor, secondDoor];
const clients: Socket[] = [];

let left = 0; // clients that have come and gone

/** Serves until so many clients have left. */
async function serve(visits: number): Promise<void> {
  while (left < visits) {
    // Three lists: who may have something to receive, who may have room for more, and who may have urgent news.
    const [readable] = await select([...doors, ...clients], [], []);
    for (const socket of readable) {
      // A listener that is ready has somebody to accept; a connection has bytes, or its end.
      if (doors.includes(socket)) await welcome(socket);
      else await answer(socket);
    }
  }
}

async function welcome(door: Socket): Promise<void> {
  const [client] = await door.accept(); // does not wait: select() has said so
  client.settimeout(1); // should select() have been wrong, or the client not read: nobody may hold up the loop
  clients.push(client);
  console.log(`a client at the ${door === firstDoor ? "first" : "second"} door`);
}

async function answer(client: Socket): Promise<void> {
  const data = await client.recv(1024); // does not wait either
  if (data.length > 0) {
    // So short an answer has room. A server of larger ones keeps what is left over, puts the client into the second list,
    // and sends on when select() says that there is room again.
    await client.sendall(data.toString().toUpperCase());
    return;
  }
  clients.splice(clients.indexOf(client), 1); // from now on nobody asks about it
  await client.close();
  left += 1;
  console.log("a client has left");
}

async function visit(): Promise<void> {
  await using ada = await createConnection(firstDoor.getsockname());
  await using bob = await createConnection(secondDoor.getsockname());
  await bob.sendall("hello");
  console.log(`Bob gets ${JSON.stringify(`${await bob.recv(1024)}`)} at once`);
  await ada.sendall("good morning");
  console.log(`Ada gets ${JSON.stringify(`${await ada.recv(1024)}`)}`);
}

// A fourth argument says how long to wait, in seconds; 0 only looks. When the time is up, the lists are empty.
const [early] = await select(doors, [], [], 0.05);
if (early.length === 0) console.log("nobody within 0.05 seconds");

await Promise.all([serve(2), visit()]);
console.log("the loop has ended");

// A client whose connection breaks would end this loop, since recv() throws then. src/servers/select-echo.ts shows what a
// server has to do about that, and about clients that do not read.

// Lists that are made anew in every turn cost more the longer they are. For thousands of clients there is DefaultSelector,
// which keeps them registered from one turn to the next: docs/selectors.md.
