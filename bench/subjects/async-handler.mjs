// What a handler that is a class with an async handle() costs at least: one for each connection, which awaits recv() and
// sendall(), and nothing else of a server: no sockets with a life of their own, no limits, no time-outs, no closing. What lies
// between it and this project is the price of all that. "followed" runs each within an AsyncLocalStorage, so that an error that
// nobody handles can be given to its connection; "unfollowed" does not.
//
//   async-handler.mjs addon|node-net followed|unfollowed echo|idle      prints {"port":N} when it serves
import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:net";
import { loadNativeAddon } from "../../dist/core/transport/native/addon.js";
import { EPOLLET, EPOLLIN } from "../../dist/core/transport/native/constants.js";
import { NativeAddresses } from "../../dist/core/transport/native/sockaddr.js";
import { answerCommands, collectGarbage, tell } from "./control.mjs";

const AF_INET = 2;
const SOCK_STREAM = 1;
const BACKLOG = 511;
/** Memory that messages are cut from, and the room for one. */
const SLAB = 8192;
const MESSAGE = 2048;
/** Connections that one call may receive or send for. */
const MOST = 512;
/** As recvmany and sendmany have them. */
const ENTRY = 3;

const [below, following, kind] = process.argv.slice(2);
const storage = new AsyncLocalStorage();

class Echo {
  constructor(request) {
    this.request = request;
  }

  async handle() {
    for (;;) {
      const data = await this.request.recv();
      if (data.length === 0) return this.request.close();
      await this.request.sendall(data);
    }
  }
}

function handle(request) {
  const handler = new Echo(request);
  void (following === "followed" ? storage.run(request, () => handler.handle()) : handler.handle());
}

let newest;
/** One function for all promises, as this project has it. */
function takeOut(resolve) {
  newest = resolve;
}

// ── over the addon ──────────────────────────────────────────────────────────────────────────────────────────────────────

const { addon, reason } = loadNativeAddon();
const ready = new Int32Array(2 * MOST);
const byNumber = [];
const arrivals = new Int32Array(ENTRY * MOST);
const departures = new Int32Array(ENTRY * MOST);
const departing = [];
const answers = Buffer.allocUnsafeSlow(MESSAGE * MOST);
let answersEnd = 0;
let slab = Buffer.allocUnsafeSlow(SLAB);
let used = 0;

class AddonRequest {
  received = null;
  sent = null;

  constructor(descriptor) {
    this.descriptor = descriptor;
    addon.watch(descriptor, byNumber.push(this) - 1, EPOLLIN | EPOLLET);
  }

  recv() {
    const promise = new Promise(takeOut);
    this.received = newest;
    return promise;
  }

  sendall(data) {
    const promise = new Promise(takeOut);
    this.sent = newest;
    answers.set(data, answersEnd);
    answersEnd += data.length;
    departures[ENTRY * departing.length] = this.descriptor;
    departures[ENTRY * departing.length + 1] = data.length;
    if (departing.push(this) === 1) process.nextTick(sendAll);
    return promise;
  }

  close() {
    addon.close(this.descriptor);
  }
}

function sendAll() {
  const requests = departing.splice(0);
  addon.sendmany(departures, requests.length, answers);
  answersEnd = 0;
  for (const { sent } of requests) sent();
}

function onReady(count) {
  for (let index = 0; index < count; index += 1) {
    arrivals[ENTRY * index] = byNumber[ready[2 * index]].descriptor;
    arrivals[ENTRY * index + 1] = MESSAGE;
  }
  for (let first = 0; first < count; ) {
    if (SLAB - used < MESSAGE) {
      slab = Buffer.allocUnsafeSlow(SLAB);
      used = 0;
    }
    const end = first + addon.recvmany(arrivals, first, count - first, slab, used, MESSAGE);
    for (; first < end; first += 1) {
      // The load sends one message at a time, and each fits.
      const length = Math.max(arrivals[ENTRY * first + 2], 0);
      byNumber[ready[2 * first]].received(slab.subarray(used, used + length));
      used += length;
    }
  }
}

function serveByAddon() {
  const addresses = new NativeAddresses(1);
  const listener = addon.socket(AF_INET, SOCK_STREAM, 0);
  addon.bind(listener, addresses.write(["127.0.0.1", 0]).bytes);
  addon.listen(listener, BACKLOG);
  const number = byNumber.push(null) - 1;
  addon.start((count) => {
    const ofListener = ready.subarray(0, 2 * count).findIndex((value, index) => index % 2 === 0 && value === number);
    if (ofListener < 0) {
      onReady(count);
      return;
    }
    ready.copyWithin(ofListener, ofListener + 2, 2 * count);
    for (;;) {
      const descriptor = addon.accept(listener, addresses.bytes);
      if (descriptor < 0) break;
      handle(new AddonRequest(descriptor));
    }
    onReady(count - 1);
  }, ready);
  addon.watch(listener, number, EPOLLIN | EPOLLET);
  addon.ref();
  addon.getsockname(listener, addresses.bytes);
  return addresses.read()[1];
}

// ── over node:net ───────────────────────────────────────────────────────────────────────────────────────────────────────

const SENT = Promise.resolve();

class NetRequest {
  received = null;
  chunk = null;

  constructor(socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      const wake = this.received;
      this.received = null;
      if (wake === null) this.chunk = chunk;
      else wake(chunk);
    });
    socket.on("error", () => socket.destroy());
  }

  recv() {
    const { chunk } = this;
    this.chunk = null;
    if (chunk !== null) return Promise.resolve(chunk);
    const promise = new Promise(takeOut);
    this.received = newest;
    return promise;
  }

  sendall(data) {
    this.socket.write(data);
    return SENT;
  }
}

function serveByNet() {
  const server = createServer((socket) => handle(new NetRequest(socket)));
  server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
}

if (kind === "idle") answerCommands({ collect: collectGarbage });
if (below === "node-net") serveByNet();
else tell(addon === undefined ? { unavailable: reason } : { port: serveByAddon() });
