// 15  makefile(): a connection as a file.
//
// Programs are used to files: they read a line, or all lines in a loop, and write text. makefile() makes such a file of a
// socket, and does what is tedious: puts fragments together, takes lines apart, collects small writes into larger ones.
//
// Run it:     npx tsx examples/15-makefile.ts
// It prints:
//
//     client: "Welcome! One line for each line, and an empty one to end."
//     client: "ONE"
//     client: "TWO"
//     client: "ÜBER"
//     client: "You sent 3 lines."
//     client: the end
//     bytes: 12 of a message that says how long it is: "twelve bytes"

import { createConnection, createServer } from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);

async function serve(): Promise<void> {
  const [accepted] = await listener.accept();
  await using connection = accepted;

  // "rw": text, in both directions. Text is UTF-8 unless `encoding` says otherwise. A line may come with "\n" at its end, as
  // on Unix, or with "\r\n", as most protocols of the internet have it, and is sent with "\n"; with { newline: "\r\n" } that
  // is how lines end, in both directions. The file is closed with the block, which flushes it; the socket has a life of its
  // own, and is closed after it.
  await using file = connection.makefile("rw");

  await file.write("Welcome! One line for each line, and an empty one to end.\n");
  await file.flush(); // what is written is collected until now: without this line both sides would wait for each other

  let count = 0;
  for await (const line of file) {
    const text = line.trimEnd(); // a line comes with its end, so that an empty line and the end of the stream differ
    if (text === "") break;
    count += 1;
    await file.write(`${text.toUpperCase()}\n`);
    await file.flush();
  }
  await file.write(`You sent ${count} lines.\n`);
}

const serving = serve();
{
  await using socket = await createConnection(listener.getsockname());
  await using file = socket.makefile("rw");

  const show = async (): Promise<void> => {
    const line = await file.readline();
    console.log(line === "" ? "client: the end" : `client: ${JSON.stringify(line.trimEnd())}`);
  };
  await show();
  // All at once: the server takes them apart again. Once there is a file, all is read by way of it, since it reads ahead;
  // a recv() beside it would miss what the file has taken already.
  await file.writelines(["one\n", "two\r\n", "über\n", "\n"]);
  await file.flush();
  for (let answers = 0; answers < 5; answers += 1) await show();
}
await serving;

// ── Bytes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

// With "b" the file has to do with bytes: for protocols that say how long something is, or for pictures. With `buffering: 0`
// nothing is collected, and every write is sent at once.
{
  await using socket = await createConnection(listener.getsockname());
  const [accepted] = await listener.accept();
  await using connection = accepted;

  await using writer = connection.makefile("wb", { buffering: 0 });
  await writer.write("12\ntwelve bytes, and more");

  await using reader = socket.makefile("rb");
  const length = Number((await reader.readline()).toString());
  const message = await reader.readexactly(length); // waits for all of them, and takes no more
  console.log(`bytes: ${message.length} of a message that says how long it is: "${message}"`);
}
