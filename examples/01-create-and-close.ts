// 01  Making a socket, and giving it back.
//
// A socket is one end of a conversation that is to come: a number by which the system knows it, and the object around that
// number. The numbers are limited, so whoever makes a socket sees to it that it is closed, whatever happens in between.
// `await using` is the way: JavaScript's word for what Python writes as `with`.
//
// Run it:     npx tsx examples/01-create-and-close.ts
// It prints:
//
//     a new socket: <Socket tcp 0.0.0.0:0>
//     AF_INET and SOCK_STREAM: true true
//     after the block: <Socket [closed] tcp> with the descriptor -1
//     a call on it: ClosedResourceError
//     closed although the block failed: true
//     closed by hand, twice: true

// Python's `import socket`. All of it is in "ts-socketserver" as well, with the servers and handlers (30 to 33).
import { AF_INET, ClosedResourceError, SOCK_STREAM, Socket } from "ts-socketserver/socket";

// ── A block, and the socket lives as long as it ──────────────────────────────────────────────────────────────────────

let remembered: Socket; // only to look at it afterwards
{
  // The address family and the type are the two things to choose; these two are also what you get when you choose nothing.
  await using tcp = new Socket(AF_INET, SOCK_STREAM);
  remembered = tcp;

  // It belongs to no address yet: 0.0.0.0 is "any host of mine", and the port 0 "any port".
  console.log(`a new socket: ${tcp}`);

  // Without arguments it is a TCP socket, as Python's `socket.socket()` is.
  await using byDefault = new Socket();
  console.log(`AF_INET and SOCK_STREAM: ${byDefault.family === AF_INET} ${byDefault.type === SOCK_STREAM}`);
} // both are closed here, the last one first

// A closed socket has no number any more, which Python and this package tell as -1.
console.log(`after the block: ${remembered} with the descriptor ${remembered.fileno()}`);

// Whoever uses it now is told that it was this program, and not the network, that ended it.
try {
  await remembered.listen();
} catch (error) {
  if (!(error instanceof ClosedResourceError)) throw error;
  console.log(`a call on it: ${error.name}`);
}

// ── Whatever happens in the block ────────────────────────────────────────────────────────────────────────────────────

try {
  await using doomed = new Socket();
  remembered = doomed;
  throw new Error("something else went wrong");
} catch {
  console.log(`closed although the block failed: ${remembered.closed}`);
}

// ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// Where the socket has to outlive the block, for instance because an object keeps it, somebody calls close(). In a program
// of more than a few lines that is easily forgotten on one of its ways out; then the number stays taken until the process
// ends. A second call does no harm.
const kept = new Socket();
await kept.close();
await kept.close();
console.log(`closed by hand, twice: ${kept.closed}`);
