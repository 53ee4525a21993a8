/**
 * The handlers of the contract suites. Each can be run in a thread or a process, too, which imports this module: so it is
 * JavaScript, and what they share with their test they ask the server for.
 *
 * @module
 */
import { BaseRequestHandler, DatagramRequestHandler, ExitRequest, StreamRequestHandler } from "ts-socketserver";

const module = import.meta.url;

/** Sends one line back, then ends: CPython's `MyHandler` in `test_socketserver.py`. */
export class LineEcho extends StreamRequestHandler {
  static module = module;
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** The same for a datagram. */
export class DatagramEcho extends DatagramRequestHandler {
  static module = module;
  async handle() {
    await this.wfile.write(await this.rfile.readline());
  }
}

/** Sends every line back until the client ends: an idle client keeps it running. */
export class Echo extends StreamRequestHandler {
  static module = module;
  async handle() {
    for await (const line of this.rfile) await this.wfile.write(line);
  }
}

/** Does nothing: the connection is closed at once. */
export class Idle extends BaseRequestHandler {
  static module = module;
}

/** CPython's `BadHandler`: fails, in the way that the server says. */
export class Bad extends BaseRequestHandler {
  static module = module;
  async handle() {
    await this.server.note("Handler called");
    if (await this.server.exits) throw new ExitRequest(3);
    throw new Error("Test error");
  }
}

/** Answers when the server lets it. */
export class Held extends StreamRequestHandler {
  static module = module;
  async handle() {
    await this.server.hold();
    await this.wfile.write(await this.rfile.readline());
  }
}

/** Does what the datagram says: `measure` tells how long it is, and whether it was cut, by itself and as the request has it. */
export class Obeying extends DatagramRequestHandler {
  static module = module;
  async handle() {
    const order = this.packet.toString().trim();
    if (order === "nothing") return;
    if (order === "measure") {
      const [data, , truncated] = this.request;
      await this.wfile.write(`${data.length} ${this.truncated} ${truncated}`);
      return;
    }
    await this.wfile.write("partial ");
    if (order === "throw") throw new Error("Test error");
    await this.wfile.write("and whole");
  }
}
