/** The handlers that do what they are told, in the threads and child processes that import this module. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import {
  BaseRequestHandler,
  ConnectionResetError,
  DatagramRequestHandler,
  ExitRequest,
  IncompleteReadError,
  LimitOverrunError,
  StreamRequestHandler,
} from "ts-socketserver";
import { IPPROTO_TCP, TCP_NODELAY } from "ts-socketserver/socket";
import { inject, injectable } from "tsyringe";

const module = import.meta.url;

/** Computes for half a minute, or until then: not for ever, since nobody ends the threads of a run that was broken off. */
function spinUntil(isOver) {
  const deadline = performance.now() + 30_000;
  while (!isOver() && performance.now() < deadline);
}

/** Where this runs: `pid:thread`. */
const place = `${process.pid}:${threadId}`;

/** What the handlers of one place share: gates, which are made by who comes first. */
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

/** Has this place fail where no request is to blame. */
let failsOutside = false;
setInterval(() => {
  if (failsOutside) throw new RangeError("outside");
}, 10).unref();

/** What can be told, over a stream or by a datagram. */
const orders = {
  echo: (value) => value,
  place: () => place,
  /** Keeps its thread until the file is there. */
  spinUntil(path) {
    spinUntil(() => existsSync(path));
    return "seen";
  },
  /** Keeps its thread until then, which another file tells, and ends it. */
  exitWhen(path) {
    writeFileSync(`${path}.begun`, "");
    spinUntil(() => existsSync(path));
    process.exit(7);
  },
  create(path) {
    writeFileSync(path, "");
    return "created";
  },
  spin() {
    spinUntil(() => false);
  },
  wait: () => new Promise(() => {}),
  exit: () => process.exit(7),
  eat() {
    const much = [];
    for (;;) much.push(new Array(100_000).fill(much.length));
  },
  failOutside() {
    failsOutside = true;
    return new Promise(() => {});
  },
};

class OwnError extends ConnectionResetError {
  name = "OwnError";
}

/** What can be thrown. */
const thrown = {
  text: () => "only words",
  nothing: () => undefined,
  nameless: () => Object.create(null),
  fields: () => ({ reason: "an object" }),
  unspeakable: () => ({
    [Symbol.for("nodejs.util.inspect.custom")]() {
      throw new Error("no inspection");
    },
  }),
  oddMessage: () => Object.assign(new Error("x"), { message: { odd: true } }),
  oddName: () => Object.assign(new Error("x"), { name: Symbol("odd") }),
  oddStack: () => Object.assign(new Error("the stack is a function"), { stack: () => {} }),
  thorny: () =>
    Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no message");
      },
    }),
  incomplete: () => new IncompleteReadError("too short", Buffer.from("part"), 9),
  overrun: () => new LimitOverrunError("too long", 7),
  own: () => new OwnError("own", { code: "ECONNRESET", syscall: "recv" }),
  system: () => readError(),
  caused: () =>
    new Error("outer", { cause: new RangeError("inner", { cause: new ConnectionResetError("innermost") }) }),
  circular: () => {
    const error = new Error("round");
    error.cause = error;
    return error;
  },
  badlyCaused: () => new Error("outer", { cause: thrown.thorny() }),
  noAggregate: () => Object.assign(new AggregateError([], "its errors are gone"), { errors: undefined }),
  endless: () => {
    const error = new AggregateError([], "endless");
    error.errors = new Array(16).fill(error);
    return error;
  },
  aggregate: () => new AggregateError([new TypeError("first"), "second"], "both"),
};

function readError() {
  try {
    return readFileSync("/nowhere");
  } catch (error) {
    return error;
  }
}

/** Does what each line says. */
export class Obedient extends StreamRequestHandler {
  static module = module;
  async handle() {
    for await (const line of this.rfile) {
      const [order, value] = line.toString().trim().split(" ");
      await this.wfile.write(`${await (orders[order] ?? this[order]).call(this, value)}\n`);
    }
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
  /** Waits until another handler of this place opens the gate of that name. */
  async pass(name) {
    await gate(name).opened;
    return "passed";
  }
  open(name) {
    gate(name).open();
    return "opened";
  }
  /** Ends its connection by itself, and goes on: what the client reads then is the end. */
  async closeAndWait() {
    await this.request.close();
    return new Promise(() => {});
  }
  /** Speaks on its own account on the channel that the server uses. */
  chat() {
    for (const message of ["hello", null, 7, { type: "hello" }]) process.send(message);
    return "chatted";
  }
  /** Gives that channel up, and stays. */
  disconnect() {
    process.removeAllListeners("disconnect");
    process.disconnect();
    return new Promise(() => {});
  }
  fail() {
    throw new TypeError("told to fail");
  }
  failAsReset() {
    throw new ConnectionResetError("told to fail", { code: "ECONNRESET", syscall: "recv" });
  }
  /** Fails with one of many kinds of things. */
  throw(what) {
    throw thrown[what]();
  }
  async leaveFailure() {
    void Promise.reject(new RangeError("left behind"));
    await new Promise(() => {});
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

/** Does what each datagram says. */
export class ObedientDatagram extends DatagramRequestHandler {
  static module = module;
  async handle() {
    const [order, value] = this.packet.toString().split(" ");
    await this.wfile.write(String(await orders[order](value)));
  }
}

/** Answers a datagram with two. */
export class Twice extends DatagramRequestHandler {
  static module = module;
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

export class Inheriting extends Obedient {}

class Hidden extends BaseRequestHandler {
  static module = module;
}
export const hidden = Hidden;

export class Throwing extends BaseRequestHandler {
  static module = module;
  constructor(...args) {
    super(...args);
    throw new TypeError("cannot be made");
  }
}

/** Wants a service that only the server's own thread has. */
export class Wanting {
  static module = module;
  constructor(database) {
    this.database = database;
  }
  async run() {}
}
inject("database")(Wanting, undefined, 0);
injectable()(Wanting);
