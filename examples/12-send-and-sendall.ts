// 12  send() and its count, and sendall(). Needs the native transport.
//
// To send is to hand bytes over to the system, which keeps them until the other side has taken them. Its room for that is
// limited: a fast sender and a slow receiver fill it. So send() may take a part only, and says how many bytes that was;
// sendall() goes on until everything is handed over.
//
// Run it:     npx tsx examples/12-send-and-sendall.ts
// It prints:
//
//     a short text: send() took 7 of its 7 bytes
//     8 MB, and nobody reads: send() took all of it: false
//     in a loop: 8000000 bytes in more than one call: true
//     the other side has received 8000007 bytes
//     by sendall(), which returns nothing: undefined
//     the other side has received 16000007 bytes
//     text and bytes: "Grüße!" has 6 letters and 8 bytes

import { createConnection, createServer, type Socket } from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);
await using sender = await createConnection(listener.getsockname());
const [accepted] = await listener.accept();
await using receiver = accepted;

/** Reads until so many bytes have come since the beginning. */
async function receiveUntil(total: number): Promise<void> {
  while (receivedBytes < total) receivedBytes += (await receiver.recv(65_536)).length;
}
let receivedBytes = 0;

// ── A short message ──────────────────────────────────────────────────────────────────────────────────────────────────

// There is nearly always room for it, and that is the trap: a program that does not look at the count works for years, until
// the network is slow one day.
const count = await sender.send("a text\n");
console.log(`a short text: send() took ${count} of its 7 bytes`);

// ── A long one ───────────────────────────────────────────────────────────────────────────────────────────────────────

const big = Buffer.alloc(8_000_000, "x");
const first = await sender.send(big);
console.log(`8 MB, and nobody reads: send() took all of it: ${first === big.length}`);

/** What sendall() does: sends the rest, and the rest of the rest. @returns the number of calls that it took */
async function sendRest(socket: Socket, bytes: Buffer, alreadySent: number): Promise<number> {
  let calls = 0;
  for (let sent = alreadySent; sent < bytes.length; calls += 1) {
    // subarray() copies nothing: it is another view of the same memory.
    sent += await socket.send(bytes.subarray(sent));
  }
  return calls;
}

// Somebody has to read meanwhile, or the sender would wait for ever. Here that is another asynchronous function; in life it is
// another program.
const reading = receiveUntil(7 + big.length);
const calls = await sendRest(sender, big, first);
console.log(`in a loop: ${big.length} bytes in more than one call: ${1 + calls > 1}`);
await reading;
console.log(`the other side has received ${receivedBytes} bytes`);

// ── All of it ────────────────────────────────────────────────────────────────────────────────────────────────────────

// Await it: what waits is what keeps a server from taking more from one client than another one reads.
const readingAll = receiveUntil(7 + 2 * big.length);
console.log(`by sendall(), which returns nothing: ${await sender.sendall(big)}`);
await readingAll;
console.log(`the other side has received ${receivedBytes} bytes`);

// ── Letters and bytes ────────────────────────────────────────────────────────────────────────────────────────────────

// What counts is bytes. A string is turned into UTF-8 (in Python by hand: text.encode("utf-8")), where some letters take more
// than one. Anything that is neither text nor bytes has to be made into bytes first: see 21 and 22.
const greeting = "Grüße!";
console.log(`text and bytes: "${greeting}" has ${greeting.length} letters and ${await sender.send(greeting)} bytes`);
