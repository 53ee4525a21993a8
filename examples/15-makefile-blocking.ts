// 15  makefile(): the blocking twin. Needs the native transport.
//
// The two sides take turns, so each is a process: the program starts itself once more, as the server.
//
// Run it:     npx tsx examples/15-makefile-blocking.ts
// It prints:
//
//     client: "Welcome! One line for each line, and an empty one to end."
//     client: "ONE"
//     client: "TWO"
//     client: "ÜBER"
//     client: "You sent 3 lines."
//     client: the end

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Address, BlockingSocket } from "ts-socketserver/socket";

function runServer(): void {
  using listener = new BlockingSocket();
  listener.bind(["127.0.0.1", 0]);
  listener.listen();
  process.send?.(listener.getsockname());
  const [accepted] = listener.accept();
  using connection = accepted;
  using file = connection.makefile("rw");
  file.write("Welcome! One line for each line, and an empty one to end.\n");
  file.flush();
  let count = 0;
  for (const line of file) {
    const text = line.trimEnd();
    if (text === "") break;
    count += 1;
    file.write(`${text.toUpperCase()}\n`);
    file.flush();
  }
  file.write(`You sent ${count} lines.\n`);
}

function runClient(address: Address): void {
  using socket = new BlockingSocket();
  socket.connect(address);
  using file = socket.makefile("rw");
  const show = (): void => {
    const line = file.readline();
    console.log(line === "" ? "client: the end" : `client: ${JSON.stringify(line.trimEnd())}`);
  };
  show();
  for (const word of ["one", "two", "über", ""]) {
    file.write(`${word}\n`);
    file.flush();
    show(); // one question, one answer
  }
  show();
}

if (process.argv[2] === "server") {
  runServer();
} else {
  const server = fork(fileURLToPath(import.meta.url), ["server"]);
  const [address] = await once(server, "message");
  runClient(address);
}
