// 13  A message in fragments: recv() in a loop, to the end.
//
// recv(1024) returns at most 1,024 bytes, and at least one; how many, is chance. A network carries a long message in pieces,
// which may arrive together or one by one. So whoever wants all of it receives until the other side has said that this was
// all, by closing its socket or by shutdown(SHUT_WR), and then puts the fragments together.
//
// Run it:     npx tsx examples/13-fragmented-message.ts
// It prints:
//
//     sent 3300 bytes
//     received several fragments: true
//     none longer than 1024 bytes: true
//     together 3300 bytes, the same text: true
//     decoded one by one, the same text: false
//     by makefile(), the same text: true

import { createConnection, createServer, type Socket } from "ts-socketserver/socket";

const MAX_SIZE = 1024;
const text = "Die Brüder grüßen. ".repeat(150);

/** Collects what comes, until the other side has no more to say. */
async function receiveFragments(socket: Socket): Promise<Buffer[]> {
  const fragments: Buffer[] = [];
  for (;;) {
    const fragment = await socket.recv(MAX_SIZE);
    if (fragment.length === 0) return fragments; // the end: it stays the end, however often one asks
    fragments.push(fragment);
    // A real program counts here, and gives up beyond a limit: the other side must not decide how much memory this one uses.
  }
}

await using listener = await createServer(["127.0.0.1", 0]);

/** One connection at a time: sends the text, and closes. */
async function serveText(): Promise<void> {
  const [accepted] = await listener.accept();
  await using connection = accepted;
  await connection.sendall(text);
}

// ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────

{
  const serving = serveText();
  await using socket = await createConnection(listener.getsockname());
  await serving;
  console.log(`sent ${Buffer.byteLength(text)} bytes`);

  const fragments = await receiveFragments(socket);
  console.log(`received several fragments: ${fragments.length > 1}`);
  console.log(`none longer than ${MAX_SIZE} bytes: ${fragments.every(({ length }) => length <= MAX_SIZE)}`);

  // Bytes are put together first, and made text of afterwards.
  const whole = Buffer.concat(fragments);
  console.log(`together ${whole.length} bytes, the same text: ${whole.toString() === text}`);

  // The other way round breaks a letter of two bytes whose first one ends a fragment. With plain English nobody notices.
  const cut = [whole.subarray(0, 7), whole.subarray(7)]; // in the middle of the first ü, as a fragment may well end
  console.log(`decoded one by one, the same text: ${cut.map((fragment) => fragment.toString()).join("") === text}`);
}

// ── With a file ──────────────────────────────────────────────────────────────────────────────────────────────────────

{
  const serving = serveText();
  await using socket = await createConnection(listener.getsockname());
  // All of it in one call, to the end of the stream, with a limit (maxReadSize, 64 MiB): see 15.
  const whole = await socket.makefile("r").read();
  console.log(`by makefile(), the same text: ${whole === text}`);
  await serving;
}
