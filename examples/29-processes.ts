// 29  Many clients, by processes: a process for each of them. Needs the native transport.
//
// As in 28, but further apart: what happens to one process, a crash included, is no matter of the others. That is how the
// first servers of Unix did it, by fork(), which makes a copy of the running program. Node.js cannot copy itself; it starts
// a new process, which inherits the connection as its descriptor number 3, behind input, output and errors.
//
// ForkingTCPServer (30) does all this, with a pool of processes, and with bounds.
//
// Run it:     npx tsx examples/29-processes.ts
// It prints:
//
//     Bob gets "HELLO" at once
//     Ada gets "GOOD MORNING"
//     processes that have ended with 0: 2

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  AF_INET,
  BlockingSocket,
  createConnection,
  createServer,
  SOCK_STREAM,
  type Socket,
} from "ts-socketserver/socket";

const CONNECTION = 3;

/** What a child process does: serves one client to the end. */
function serveClient(): void {
  using connection = new BlockingSocket(AF_INET, SOCK_STREAM, 0, { fileno: CONNECTION });
  for (;;) {
    const data = connection.recv(1024);
    if (data.length === 0) return;
    connection.sendall(data.toString().toUpperCase());
  }
}

/** Starts a child process for a client. @returns its exit code, when it has ended */
async function startProcess(connection: Socket): Promise<number> {
  const program = process.argv[1] ?? "";
  const child = spawn(process.execPath, [...process.execArgv, program, "child"], {
    stdio: ["ignore", "inherit", "inherit", connection.fileno()],
  });
  // The child has a descriptor of its own for the connection, which ends when all of them are closed. One that the parent
  // forgets here keeps the client waiting for an end that never comes: the classic mistake with fork().
  await connection.close();
  const [code] = await once(child, "exit");
  return code;
}

async function serveTwo(listener: Socket): Promise<number[]> {
  const exitCodes: Promise<number>[] = [];
  for (let accepted = 0; accepted < 2; accepted += 1) {
    const [connection] = await listener.accept();
    exitCodes.push(startProcess(connection));
  }
  return await Promise.all(exitCodes);
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
  const exitCodes = await serving;
  console.log(`processes that have ended with 0: ${exitCodes.filter((code) => code === 0).length}`);
}

if (process.argv[2] === "child") serveClient();
else await main();
