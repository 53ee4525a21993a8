// 12  send() and its count, and sendall(): the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/12-send-and-sendall-blocking.ts
// It prints:
//
//     a short text: send() took 7 of its 7 bytes
//     8 MB, and nobody reads: send() took all of it: false
//     sendall(), and nobody reads: TimeoutError
//     in a loop: 8000000 bytes in more than one call: true

import { BlockingSocket, TimeoutError } from "ts-socketserver/socket";

/** Two connected sockets in one thread: see 11-timeouts-blocking.ts for why that goes. */
function connectedPair(): [BlockingSocket, BlockingSocket] {
  using listener = new BlockingSocket();
  listener.bind(["127.0.0.1", 0]);
  listener.listen();
  const client = new BlockingSocket();
  client.connect(listener.getsockname());
  return [client, listener.accept()[0]];
}

const big = Buffer.alloc(8_000_000, "x");

{
  const [one, other] = connectedPair();
  using sender = one;
  using _receiver = other;
  console.log(`a short text: send() took ${sender.send("a text\n")} of its 7 bytes`);

  // It blocks until there is room for something, and returns.
  const count = sender.send(big);
  console.log(`8 MB, and nobody reads: send() took all of it: ${count === big.length}`);

  // It blocks until there was room for everything. Here that would be for ever: the one who could read is this thread.
  sender.settimeout(0.05);
  try {
    sender.sendall(big);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log(`sendall(), and nobody reads: ${error.name}`);
    // How much of it was sent before, nobody knows: such a connection is of no more use.
  }
}

{
  const [one, other] = connectedPair();
  using sender = one;
  using receiver = other;

  // With the count, one thread can be both sides: it sends what there is room for, and then takes as much out again.
  const room = Buffer.alloc(65_536);
  let calls = 0;
  let sent = 0;
  for (; sent < big.length; calls += 1) {
    const count = sender.send(big.subarray(sent));
    sent += count;
    for (let received = 0; received < count; ) received += receiver.recvInto(room);
  }
  console.log(`in a loop: ${sent} bytes in more than one call: ${calls > 1}`);
}
