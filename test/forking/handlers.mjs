/** The handlers that the tests run in child processes, which import this module. */
import { existsSync, writeFileSync } from "node:fs";
import {
  BaseRequestHandler,
  ConnectionResetError,
  DatagramRequestHandler,
  ExitRequest,
  IPPROTO_TCP,
  StreamRequestHandler,
  TCP_NODELAY,
} from "ts-socketserver";
import { inject, injectable } from "tsyringe";

/** CPython's `MyHandler` in `test_socketserver.py`: one line back, then the end. */
export class LineEcho extends StreamRequestHandler {
  static module = import.meta.url;
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** The same for a datagram. */
export class DatagramEcho extends DatagramRequestHandler {
  static module = import.meta.url;
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** CPython's `BadHandler`: fails as the server says. */
export class Bad extends BaseRequestHandler {
  static module = import.meta.url;
  async handle() {
    await this.server.note("Handler called");
    if (await this.server.exits) throw new ExitRequest(3);
    throw new RangeError("test");
  }
}

/** What the handlers of one process share: gates, which are made by who comes first. */
const gates = new Map();
function gate(name) {
  if (!gates.has(name)) {
    let open;
    const opened = new Promise((resolve) => {
      open = resolve;
    });
    gates.set(name, { open, opened });
  }
  return gates.get(name);
}

/** Does what each line says. */
export class Obedient extends StreamRequestHandler {
  static module = import.meta.url;
  async handle() {
    for await (const line of this.rfile) {
      const [order, value] = line.toString().trim().split(" ");
      await this.wfile.write(`${await this[order](value)}\n`);
    }
  }

  echo(value) {
    return value;
  }
  pid() {
    return process.pid;
  }
  count() {
    return this.server.count();
  }
  address() {
    return this.server.serverAddress.join(" ");
  }
  peer() {
    return `${this.request.getpeername().join(" ")} ${this.clientAddress.join(" ")}`;
  }
  noDelay() {
    return this.request.getsockopt(IPPROTO_TCP, TCP_NODELAY) !== 0;
  }
  async failing() {
    return this.server.failing().catch((error) => `${error.name}: ${error.message}`);
  }
  async passFunction() {
    return this.server.count(() => {}).catch((error) => error.message);
  }
  async getFunction() {
    return this.server.secret().catch((error) => error.message);
  }
  /** Waits until another handler of this process opens the gate of that name. */
  async pass(name) {
    await gate(name).opened;
    return "passed";
  }
  open(name) {
    gate(name).open();
    return "opened";
  }
  /** Keeps its process until the file is there. */
  spinUntil(path) {
    while (!existsSync(path));
    return "seen";
  }
  create(path) {
    writeFileSync(path, "");
    return "created";
  }
  spin() {
    for (;;);
  }
  wait() {
    return new Promise(() => {});
  }
  /** Speaks on its own account on the channel that the server uses. */
  chat() {
    for (const message of ["hello", null, 7, { type: "hello" }]) process.send(message);
    return "chatted";
  }
  fail() {
    throw new TypeError("told to fail");
  }
  failAsReset() {
    throw new ConnectionResetError("told to fail", { code: "ECONNRESET", syscall: "recv" });
  }
  async leaveFailure() {
    void Promise.reject(new RangeError("left behind"));
    await new Promise(() => {});
  }
  exit() {
    process.exit(7);
  }
  /** Has its process fail where no request is to blame. */
  failOutside() {
    failsOutside = true;
    return new Promise(() => {});
  }
  quit() {
    throw new ExitRequest(3);
  }
  async shutdown() {
    await this.server.shutdown();
    return "shut down";
  }
  async close() {
    await this.server.serverClose();
    return "closing";
  }
}

let failsOutside = false;
setInterval(() => {
  if (failsOutside) throw new RangeError("outside");
}, 10).unref();

/** Answers a datagram with two. */
export class Twice extends DatagramRequestHandler {
  static module = import.meta.url;
  async handle() {
    const text = String(this.packet);
    if (text === "too long") return this.report(this.socket.sendto(Buffer.alloc(70_000), this.clientAddress));
    await this.socket.sendto(`${text} once`, this.clientAddress);
    await this.wfile.write(`${text} twice ${this.truncated}`);
  }
  async report(promise) {
    await this.wfile.write(await promise.catch((error) => `${error.name} ${error.code}`));
  }
}

export class Inheriting extends LineEcho {}

class Hidden extends BaseRequestHandler {
  static module = import.meta.url;
}
export const hidden = Hidden;

export class Throwing extends BaseRequestHandler {
  static module = import.meta.url;
  constructor(...args) {
    super(...args);
    throw new TypeError("cannot be made");
  }
}

/** Wants a service that only the server's process has. */
export class Wanting {
  static module = import.meta.url;
  constructor(database) {
    this.database = database;
  }
  async run() {}
}
inject("database")(Wanting, undefined, 0);
injectable()(Wanting);
