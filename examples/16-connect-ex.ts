// 16  connectEx(): a failed connection as a number, not as an error.
//
// Most programs need their connection, and an error that ends them is right. One that tries many addresses, such as a scanner
// of ports, expects most of them to fail: it asks for the system's number of the error, where 0 says that it went well.
// (Python's name is connect_ex; the "ex" is for "extended".)
//
// Run it:     npx tsx examples/16-connect-ex.ts
// It prints:
//
//     somebody listens: 0
//     nobody listens: ECONNREFUSED, connection refused
//     the same by connect(): ConnectionRefusedError
//     a name that nobody has is an error, also here: GaiError
//     the port that is open: 2 of 3

import { constants } from "node:os";
import { type Address, ConnectionRefusedError, createServer, GaiError, Socket, strerror } from "ts-socketserver/socket";

await using listener = await createServer(["127.0.0.1", 0]);
const open = listener.getsockname();

// A port where nobody listens: one that was free a moment ago. Somebody else might have taken it since, but hardly so soon.
const closing = await createServer(["127.0.0.1", 0]);
const refused = closing.getsockname();
await closing.close();

// ── A number ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The system's short name of an error's number. The numbers differ from system to system, and the names do not. */
function nameOf(errno: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? String(errno);
}

{
  await using socket = new Socket();
  console.log(`somebody listens: ${await socket.connectEx(open)}`);
}
{
  await using socket = new Socket();
  const errno = await socket.connectEx(refused);
  console.log(`nobody listens: ${nameOf(errno)}, ${strerror(nameOf(errno))}`);
}

// ── An error ─────────────────────────────────────────────────────────────────────────────────────────────────────────

// After a failed attempt a socket cannot be used again: each attempt makes a new one.
try {
  await using socket = new Socket();
  await socket.connect(refused);
} catch (error) {
  if (!(error instanceof ConnectionRefusedError)) throw error;
  console.log(`the same by connect(): ${error.name}`); // its message names the address, too
}

// Looking the name up comes before connecting, and is not what the number tells about.
try {
  await using socket = new Socket();
  await socket.connectEx(["no-such-host.invalid", 80]);
} catch (error) {
  if (!(error instanceof GaiError)) throw error;
  console.log(`a name that nobody has is an error, also here: ${error.name}`);
}

// ── What it is for ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether somebody listens there. A firewall may let the attempt vanish without an answer: hence the time-out. */
async function isOpen(address: Address): Promise<boolean> {
  await using socket = new Socket();
  socket.settimeout(2);
  return (await socket.connectEx(address)) === 0;
}

// Of one's own machine only: on others, trying doors is taken for the beginning of a burglary.
const addresses = [refused, open, refused];
const found = await Promise.all(addresses.map(isOpen));
console.log(`the port that is open: ${found.indexOf(true) + 1} of ${addresses.length}`);
