/** The blocking handlers that the tests run in threads, which import this module. */
import { existsSync, readFileSync, writeSync } from "node:fs";
import { threadId } from "node:worker_threads";
import {
  AF_INET,
  BaseRequestHandler,
  BlockingDatagramRequestHandler,
  BlockingRequestHandler,
  BlockingSocket,
  BlockingStreamRequestHandler,
  ConnectionResetError,
  ExitRequest,
} from "ts-socketserver";
import { SOCK_DGRAM } from "ts-socketserver/socket";

/** Computes for half a minute, or until then: not for ever, since nobody ends the threads of a run that was broken off. */
function spinUntil(isOver) {
  const deadline = performance.now() + 30_000;
  while (!isOver() && performance.now() < deadline);
}

export class Echo extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    for (let data = this.request.recv(1024); data.length > 0; data = this.request.recv(1024)) {
      this.request.sendall(data);
    }
  }
}

/** Does not block by its class, and blocks its thread even so. */
export class Deceptive extends BaseRequestHandler {
  static module = import.meta.url;
  async handle() {
    await this.request.sendall("blocking\n");
    const listener = new BlockingSocket();
    listener.bind(["127.0.0.1", 0]);
    listener.listen();
    listener.accept();
  }
}

export class UpperDatagram extends BlockingDatagramRequestHandler {
  static module = import.meta.url;
  handle() {
    this.wfile.write(this.rfile.read().toString().toUpperCase());
    if (this.truncated) this.wfile.write("...");
  }
}

/** Answers by the socket itself, twice. */
export class TwiceDatagram extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    const [data, socket] = this.request;
    for (let count = 1; count <= 2; count += 1) socket.sendto(`${count} ${data}`, this.clientAddress);
  }
}

/** Writes, and fails then. */
export class FailingDatagram extends BlockingDatagramRequestHandler {
  static module = import.meta.url;
  handle() {
    this.wfile.write("half an answer");
    throw new RangeError("told to fail");
  }
}

/** Does what each line says. */
export class Obedient extends BlockingStreamRequestHandler {
  static module = import.meta.url;
  handle() {
    for (const line of this.rfile) {
      const [order, ...values] = line.toString().trim().split(" ");
      this.wfile.write(`${this[order](...values)}\n`);
    }
  }

  /** Says that it has begun with what has no answer. */
  begin(order, value) {
    this.wfile.write("begun\n");
    return this[order](value);
  }
  thread() {
    return threadId;
  }
  pid() {
    return process.pid;
  }
  /** Sends much to the server, and gets it back. */
  carry(size) {
    const sent = "x".repeat(Number(size));
    return this.server.carry(sent) === sent ? "the same" : "something else";
  }
  client() {
    return `${this.clientAddress} ${this.request.getpeername()}`;
  }
  address() {
    return this.server.serverAddress.join(" ");
  }
  count() {
    return this.server.count();
  }
  limit() {
    return this.server.maxThreads;
  }
  failing() {
    try {
      return this.server.failing();
    } catch (error) {
      return `${error.name} ${error.message}`;
    }
  }
  socketOfServer() {
    try {
      return this.server.socket;
    } catch (error) {
      return error.name;
    }
  }
  assign() {
    try {
      this.server.maxThreads = 1;
      return "assigned";
    } catch (error) {
      return error.message;
    }
  }
  shutdown() {
    return String(this.server.shutdown());
  }
  waitForServer() {
    return this.server.never();
  }
  slowly() {
    return this.server.slowly();
  }
  /** Asks the server when it has been broken off. */
  askTooLate() {
    try {
      return this.request.recv(1).length;
    } finally {
      this.server.count();
    }
  }
  /** Writes where only this package does, in a child process: a message that is none. */
  spoil() {
    return writeSync(6, Uint8Array.of(1, 0, 0, 0, 7));
  }
  fail() {
    throw new ConnectionResetError("told to fail", { code: "ECONNRESET", syscall: "recv" });
  }
  exit() {
    throw new ExitRequest(3);
  }
  recv() {
    return this.request.recv(1).length;
  }
  /** Sends more than a client takes that does not read. */
  send() {
    for (;;) this.wfile.write(Buffer.alloc(1_000_000));
  }
  /** Blocks at a socket of its own. */
  accept() {
    const listener = new BlockingSocket();
    listener.bind(["127.0.0.1", 0]);
    listener.listen();
    listener.accept();
  }
  recvfrom() {
    const socket = new BlockingSocket(AF_INET, SOCK_DGRAM);
    socket.bind(["127.0.0.1", 0]);
    socket.recvfrom(100);
  }
  connect(port) {
    new BlockingSocket().connect(["127.0.0.1", Number(port)]);
  }
  /** Waits for somebody to write to a named pipe: in a call of the system that nothing interrupts. */
  readPipe(path) {
    return readFileSync(path, "utf8");
  }
  sleep() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  /** Blocks again however often it is interrupted. */
  persist() {
    for (;;) {
      try {
        this.request.recv(1);
      } catch {}
    }
  }
  exitProcess(code) {
    process.exit(Number(code));
  }
  compute() {
    spinUntil(() => false);
  }
  timeOut() {
    this.request.settimeout(0.01);
    try {
      this.request.recv(1);
    } catch (error) {
      return error.name;
    } finally {
      this.request.settimeout(null);
    }
  }
  /** Keeps its thread until the file is there. */
  spinUntil(path) {
    spinUntil(() => existsSync(path));
    return "seen";
  }
}

/** Tells the server whom it serves, and how the connection ends, twice. */
export class Informer extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    const { request } = this;
    const receive = () => (request.recv(1).length === 0 ? "the end" : "a byte");
    for (const ask of [() => request.getpeername().join(" "), receive, receive]) this.server.note(outcomeOf(ask));
  }
}

function outcomeOf(action) {
  try {
    return action();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

/** Tells in which order its methods are called. */
export class Steps extends BlockingStreamRequestHandler {
  static module = import.meta.url;
  timeout = 5;
  disableNagleAlgorithm = false;
  wbufsize = 1000;
  #steps = [];
  setup() {
    super.setup();
    this.#steps.push("setup");
  }
  handle() {
    this.#steps.push("handle", this.connection.gettimeout(), this.connection.getsockopt(6, 1));
  }
  finish() {
    this.wfile.write([...this.#steps, "finish"].join(" "));
    super.finish();
  }
}

/** Fails twice. */
export class Twice extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    throw new Error("first");
  }
  finish() {
    throw new Error("second");
  }
}

export class ForgetfulSetup extends BlockingStreamRequestHandler {
  static module = import.meta.url;
  setup() {}
}

export class Asynchronous extends BlockingRequestHandler {
  static module = import.meta.url;
  async handle() {
    await null;
    throw new Error("nobody hears this");
  }
}

/** Reads what a client that never stops sends. */
export class Drain extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    const memory = Buffer.alloc(65_536);
    this.request.sendall("go\n");
    while (this.request.recvInto(memory) > 0);
  }
}

/** Leaves something behind that fails when it is over. */
export class Untidy extends BlockingRequestHandler {
  static module = import.meta.url;
  handle() {
    // Before this thread takes its next message, and so before its next request.
    setImmediate(() => {
      throw new Error("left behind");
    });
    this.request.sendall(`${threadId}\n`);
  }
}

/** Forgets a file of its connection, with what that has collected. */
export class Forgetful extends BlockingRequestHandler {
  static module = import.meta.url;
  static files = [];
  handle() {
    const file = this.request.makefile("rwb", { buffering: 1000 });
    Forgetful.files.push(file);
    file.write("left open");
  }
}
