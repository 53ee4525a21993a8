// 11  Time-outs: how long a call may wait.
//
// accept(), connect() and recv() wait for somebody else, who may never come. A time-out, in seconds, bounds each such call;
// when it is over, the call throws a TimeoutError. (Python's old name for it is socket.timeout.)
//
// Run it:     npx tsx examples/11-timeouts.ts
// It prints:
//
//     a new socket waits for ever: null
//     accept(): Cannot accept a connection on tcp 127.0.0.1:9999 within 0.05 s: connection timed out (ETIMEDOUT)
//     recv(): TimeoutError
//     the same socket, later: "here I am"
//     without waiting: BlockingIOError
//     a socket made after setdefaulttimeout(2.5) has 2.5
//     one that was there before still has null
//     one made by createConnection() with { timeout: 5 } has 5

import {
  BlockingIOError,
  createConnection,
  createServer,
  getdefaulttimeout,
  type OSError,
  Socket,
  setdefaulttimeout,
  TimeoutError,
} from "ts-socketserver/socket";

/** Calls something that is to run out of time. @returns the error */
async function expectTimeout(call: () => Promise<unknown>): Promise<OSError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof BlockingIOError) return error;
    throw error; // anything else is a mistake of this program
  }
  throw new Error("That was in time");
}

await using listener = await createServer(["127.0.0.1", 0]);
console.log(`a new socket waits for ever: ${listener.gettimeout()}`);

// ── For a server ─────────────────────────────────────────────────────────────────────────────────────────────────────

// One that has something to do beside waiting for clients, or that shall end when nobody comes. Real ones take seconds or
// minutes; 0.05 is for a reader in a hurry.
listener.settimeout(0.05);
const nobodyCame = await expectTimeout(() => listener.accept());
console.log(`accept(): ${nobodyCame.message}`);

// ── For a client ─────────────────────────────────────────────────────────────────────────────────────────────────────

await using client = new Socket();
client.settimeout(5); // counts for connect() as well: a server behind a broken network answers with nothing at all
await client.connect(listener.getsockname());
listener.settimeout(null);
const [accepted] = await listener.accept();
await using connection = accepted;

// The server is there, and says nothing.
client.settimeout(0.05);
const silence = await expectTimeout(() => client.recv(1024));
console.log(`recv(): ${silence.name}`);

// Only the call has failed. The connection is as good as before, and what comes later is still received. (A file
// of makefile() is different: it may have taken half a line already, and so it refuses to be read again, as in Python.)
await connection.sendall("here I am");
client.settimeout(10);
console.log(`the same socket, later: ${JSON.stringify(`${await client.recv(1024)}`)}`);

// ── Not waiting at all ───────────────────────────────────────────────────────────────────────────────────────────────

// With 0 a call either succeeds at once or fails at once, and with another error: it was not late, it was too early. This is
// Python's non-blocking socket, as select() loops use it: see 27.
client.settimeout(0);
const notYet = await expectTimeout(() => client.recv(1024));
console.log(`without waiting: ${notYet.name}`);

// ── For all sockets ──────────────────────────────────────────────────────────────────────────────────────────────────

// What new sockets begin with, in the whole program: a library should leave it alone.
await using before = new Socket();
setdefaulttimeout(2.5);
await using after = new Socket();
console.log(`a socket made after setdefaulttimeout(${getdefaulttimeout()}) has ${after.gettimeout()}`);
console.log(`one that was there before still has ${before.gettimeout()}`);
setdefaulttimeout(null);

// For a single connection there is a shorter way, which sets it before connecting.
await using limited = await createConnection(listener.getsockname(), { timeout: 5 });
console.log(`one made by createConnection() with { timeout: 5 } has ${limited.gettimeout()}`);
