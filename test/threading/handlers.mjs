/** The handlers that the tests run in threads, which import this module. */
import { existsSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import {
  BaseRequestHandler,
  ConnectionResetError,
  DatagramRequestHandler,
  ExitRequest,
  StreamRequestHandler,
} from "ts-socketserver";

export class Upper extends StreamRequestHandler {
  static module = import.meta.url;
  async handle() {
    for await (const line of this.rfile) await this.wfile.write(line.toString().toUpperCase());
  }
}

export class UpperDatagram extends DatagramRequestHandler {
  static module = import.meta.url;
  async handle() {
    await this.wfile.write(String(await this.rfile.read()).toUpperCase());
  }
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

  thread() {
    return threadId;
  }
  count() {
    return this.server.count();
  }
  address() {
    return this.server.serverAddress.join(" ");
  }
  async failing() {
    return this.server.failing().catch((error) => error.message);
  }
  /** Keeps its thread until the file is there. */
  spinUntil(path) {
    while (!existsSync(path));
    return "seen";
  }
  create(path) {
    writeFileSync(path, "");
    return "created";
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
  eat() {
    const much = [];
    for (;;) much.push(new Array(100_000).fill(much.length));
  }
  spin() {
    for (;;);
  }
  wait() {
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

export class Inheriting extends Upper {}

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
