// 16  connectEx(): the blocking twin. Needs the native transport.
//
// Run it:     npx tsx examples/16-connect-ex-blocking.ts
// It prints:
//
//     somebody listens: 0
//     nobody listens: the number of ECONNREFUSED: true
//     the same by connect(): ConnectionRefusedError

import { constants } from "node:os";
import { BlockingSocket, ConnectionRefusedError } from "ts-socketserver/socket";

using listener = new BlockingSocket();
listener.bind(["127.0.0.1", 0]);
listener.listen();
const address = listener.getsockname();
{
  using socket = new BlockingSocket();
  console.log(`somebody listens: ${socket.connectEx(address)}`);
}

listener.close();
{
  using socket = new BlockingSocket();
  const errno = socket.connectEx(address);
  console.log(`nobody listens: the number of ECONNREFUSED: ${errno === constants.errno.ECONNREFUSED}`);
}
try {
  using socket = new BlockingSocket();
  socket.connect(address);
} catch (error) {
  if (!(error instanceof ConnectionRefusedError)) throw error;
  console.log(`the same by connect(): ${error.name}`);
}
