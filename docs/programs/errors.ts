// Errors are told apart by their class, as in Python.
import {
  ClosedResourceError,
  ConnectionError,
  ConnectionRefusedError,
  createConnection,
  OSError,
} from "ts-socketserver";
import { createServer } from "ts-socketserver/socket";

// An address at which nobody listens any more.
const listener = await createServer(["127.0.0.1", 0]);
const address = listener.getsockname();
await listener.close();

try {
  await createConnection(address);
} catch (error) {
  if (!(error instanceof ConnectionRefusedError)) throw error;
  console.log(error.name, error.code, error.syscall);
  console.log(error instanceof ConnectionError, error instanceof OSError, error instanceof Error);
}

// The message names the action, the value and the reason.
try {
  await createServer(["192.0.2.1", 9999]);
} catch (error) {
  console.log(String(error));
}

// What this program has closed itself is told apart from what the peer did.
try {
  await listener.accept();
} catch (error) {
  console.log(error instanceof ClosedResourceError);
}
