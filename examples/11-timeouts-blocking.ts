// 11  Time-outs: the blocking twin. Needs the native transport.
//
// Where a call holds up the whole program, a time-out is the only thing that ends it, but for Ctrl-C.
//
// Run it:     npx tsx examples/11-timeouts-blocking.ts
// It prints:
//
//     a new socket waits for ever: null
//     accept(): Cannot accept a connection on tcp 127.0.0.1:9999 within 0.05 s: connection timed out (ETIMEDOUT)
//     recv(): TimeoutError
//     the same socket, later: "here I am"
//     without waiting: BlockingIOError
//     a socket made after setdefaulttimeout(2.5) has 2.5

import { BlockingIOError, BlockingSocket, type OSError, setdefaulttimeout, TimeoutError } from "ts-socketserver/socket";

/** Calls something that is to run out of time. @returns the error */
function expectTimeout(call: () => unknown): OSError {
  try {
    call();
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof BlockingIOError) return error;
    throw error;
  }
  throw new Error("That was in time");
}

using listener = new BlockingSocket();
listener.bind(["127.0.0.1", 0]);
listener.listen();
console.log(`a new socket waits for ever: ${listener.gettimeout()}`);

listener.settimeout(0.05);
const nobodyCame = expectTimeout(() => listener.accept());
console.log(`accept(): ${nobodyCame.message}`);

// Both ends in one thread, although each call blocks it: connect() is answered by the system, which puts the client into the
// listener's queue. So it returns before anybody has called accept().
using client = new BlockingSocket();
client.settimeout(5);
client.connect(listener.getsockname());
const [accepted] = listener.accept();
using connection = accepted;

client.settimeout(0.05);
const silence = expectTimeout(() => client.recv(1024));
console.log(`recv(): ${silence.name}`);

connection.sendall("here I am");
client.settimeout(10);
console.log(`the same socket, later: ${JSON.stringify(`${client.recv(1024)}`)}`);

client.settimeout(0);
const notYet = expectTimeout(() => client.recv(1024));
console.log(`without waiting: ${notYet.name}`);

setdefaulttimeout(2.5); // one default for both kinds of sockets
using after = new BlockingSocket();
console.log(`a socket made after setdefaulttimeout(2.5) has ${after.gettimeout()}`);
