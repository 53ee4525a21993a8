// The addon of the native transport by itself, without sockets, servers and handlers. What lies between it and C is the price
// of JavaScript; what lies between it and this project is the price of handlers that are written as a class with an async
// handle(). Idle connections each have what no such handler can do without: one function that waits for one promise.
//
//   native-addon.mjs echo|idle|udp      prints {"port":N} when it serves

import { loadNativeAddon } from "../../dist/core/transport/native/addon.js";
import { EPOLLET, EPOLLIN } from "../../dist/core/transport/native/constants.js";
import { NativeAddresses } from "../../dist/core/transport/native/sockaddr.js";
import { answerCommands, collectGarbage, tell } from "./control.mjs";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const BACKLOG = 511;
// As for every subject: 256 datagrams in flight shall fit.
const RECEIVE_BUFFER = new Uint8Array(Int32Array.of(2 ** 20).buffer);
/** Datagrams that one call receives or sends, and the room for each. */
const BATCH = 32;
const PLACE = 8192;
/** As src/core/transport/native/datagram-batch.ts has it. */
const MAX_GSO_SEGMENT = 1452;

const kind = process.argv[2];
const { addon, reason } = loadNativeAddon();
const memory = Buffer.allocUnsafeSlow(BATCH * PLACE);
const addresses = new NativeAddresses(BATCH);
const ready = new Int32Array(1024);
/** What is to be done when a descriptor is ready, by the number that it is watched with. */
const onReady = [];

function watch(descriptor, work) {
  addon.watch(descriptor, onReady.push(work) - 1, EPOLLIN | EPOLLET);
}

/** Echoes what there is. Tells whether the connection goes on. */
function echo(connection) {
  for (;;) {
    const length = addon.recv(connection, memory, 0, memory.length, 0);
    if (length > 0) addon.send(connection, memory, 0, length, 0);
    if (length === 0) addon.close(connection);
    if (length < memory.length) return length !== 0;
  }
}

/** Connections on which something has come, in this turn. */
const spoken = [];
/** Where less is left, the others have their turn by themselves: an answer in two parts would wait for an acknowledgement. */
const LEAST = 65_536;
/** As recvmany and sendmany have them: three numbers for each. */
const arrivals = new Int32Array(3 * 512);
const departures = new Int32Array(3 * 512);

/** Echoes what there is on all of them, in two calls. */
function echoTogether() {
  for (const [index, connection] of spoken.entries()) arrivals.set([connection, memory.length, 0], 3 * index);
  const received = addon.recvmany(arrivals, 0, spoken.length, memory, 0, LEAST);
  let count = 0;
  for (let index = 0; index < received; index += 1) {
    const length = arrivals[3 * index + 2];
    if (length === 0) addon.close(spoken[index]);
    if (length <= 0) continue;
    departures[3 * count] = spoken[index];
    departures[3 * count + 1] = length;
    count += 1;
  }
  addon.sendmany(departures, count, memory);
  // Where the room was used up there may be more.
  for (const [index, connection] of spoken.entries()) {
    if (index >= received || arrivals[3 * index + 2] === arrivals[3 * index + 1]) echo(connection);
  }
  spoken.length = 0;
}

function serveAtOnce(connection) {
  watch(connection, () => spoken.push(connection));
}

async function serveWaiting(connection) {
  let wake = () => {};
  watch(connection, () => wake());
  do {
    await new Promise((resolve) => {
      wake = resolve;
    });
  } while (echo(connection));
}

function acceptFrom(listener) {
  const serve = kind === "idle" ? serveWaiting : serveAtOnce;
  for (;;) {
    const connection = addon.accept(listener, addresses.bytes);
    if (connection < 0) return;
    void serve(connection);
  }
}

const results = new Int32Array(2 * BATCH);
const lengths = new Int32Array(BATCH);
const answers = Buffer.allocUnsafeSlow(BATCH * PLACE);

function answerDatagrams(socket) {
  for (;;) {
    const count = addon.recvmmsg(socket, memory, PLACE, BATCH, addresses.bytes, results);
    if (count <= 0) return;
    let end = 0;
    for (let index = 0; index < count; index += 1) {
      lengths[index] = results[2 * index];
      end += memory.copy(answers, end, index * PLACE, index * PLACE + lengths[index]);
    }
    addon.sendmmsg(socket, answers, lengths, count, addresses.bytes, MAX_GSO_SEGMENT);
  }
}

function serve() {
  addon.start((count) => {
    for (let index = 0; index < count; index += 1) onReady[ready[2 * index]]();
    if (spoken.length > 0) echoTogether();
  }, ready);
  const socket = addon.socket(AF_INET, kind === "udp" ? SOCK_DGRAM : SOCK_STREAM, 0);
  addon.bind(socket, addresses.write(["127.0.0.1", 0]).bytes);
  if (kind === "udp") addon.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, RECEIVE_BUFFER.length);
  else addon.listen(socket, BACKLOG);
  watch(socket, () => (kind === "udp" ? answerDatagrams(socket) : acceptFrom(socket)));
  addon.ref();
  addon.getsockname(socket, addresses.bytes);
  return addresses.read()[1];
}

if (kind === "idle") answerCommands({ collect: collectGarbage });
tell(addon === undefined ? { unavailable: reason } : { port: serve() });
