// 17  Two messages, over TCP and over UDP.
//
// TCP carries one stream of bytes, as a pipe carries water: that it was poured in by two buckets, nobody sees at the other
// end. UDP carries messages: each arrives as it was sent, whole, or does not arrive.
//
// Run it:     npx tsx examples/17-stream-or-messages.ts
// It prints:
//
//     over TCP, all that came: "Hi!Are you well?"
//     over UDP, one recvfrom(): "Hi!"
//     over UDP, another one: "Are you well?"

import { AF_INET, createConnection, createServer, SOCK_DGRAM, Socket } from "ts-socketserver/socket";

const messages = ["Hi!", "Are you well?"];

// ── TCP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

{
  await using listener = await createServer(["127.0.0.1", 0]);
  await using client = await createConnection(listener.getsockname());
  const [accepted] = await listener.accept();
  await using connection = accepted;

  for (const message of messages) await client.sendall(message);
  await client.close();

  // A recv() might return both at once, or the first one and a half, or three bytes: whatever has arrived by then. All that
  // is certain is the bytes and their order. A program that takes one recv() for one message works on its author's machine.
  const all = await connection.makefile("r").read();
  console.log(`over TCP, all that came: ${JSON.stringify(all)}`);

  // To tell the messages apart, they must say themselves where they end: by their length (18), by the end of a line (15), or
  // by what they are (21).
}

// ── UDP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

{
  await using receiver = new Socket(AF_INET, SOCK_DGRAM);
  await receiver.bind(["127.0.0.1", 0]);
  await using sender = new Socket(AF_INET, SOCK_DGRAM);

  for (const message of messages) await sender.sendto(message, receiver.getsockname());

  // The price: across a network one of them may be lost, or overtaken by the other. Within one machine that hardly happens.
  receiver.settimeout(5);
  const [first] = await receiver.recvfrom(1024);
  console.log(`over UDP, one recvfrom(): ${JSON.stringify(first.toString())}`);
  const [second] = await receiver.recvfrom(1024);
  console.log(`over UDP, another one: ${JSON.stringify(second.toString())}`);
}
