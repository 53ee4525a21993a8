// 01  Making a socket, and giving it back: the blocking twin. Needs the native transport.
//
// A Socket's calls return promises, which one awaits. A BlockingSocket has the same calls under the same names, and each
// returns when it is done, as in Python; meanwhile the whole thread stands still. So `await` disappears, and nothing else
// changes. The twins in this folder show both ways; "-blocking" is the one that a Python course would write.
//
// Run it:     npx tsx examples/01-create-and-close-blocking.ts
// It prints:
//
//     AF_INET and SOCK_STREAM: true true
//     bound, and closed by the block: true
//     closed although the block failed: true

import { AF_INET, BlockingSocket, SOCK_STREAM } from "ts-socketserver/socket";

let remembered: BlockingSocket;
{
  // `using` without `await`: there is nothing to wait for.
  using socket = new BlockingSocket();
  remembered = socket;
  console.log(`AF_INET and SOCK_STREAM: ${socket.family === AF_INET} ${socket.type === SOCK_STREAM}`);
  socket.bind(["127.0.0.1", 0]);
}
console.log(`bound, and closed by the block: ${remembered.closed}`);

try {
  using doomed = new BlockingSocket();
  remembered = doomed;
  throw new Error("something else went wrong");
} catch {
  console.log(`closed although the block failed: ${remembered.closed}`);
}
