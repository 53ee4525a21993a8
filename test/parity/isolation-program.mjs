/**
 * The program that isolation.test.ts runs: a server whose handlers misbehave at a client's word.
 *
 *     node isolation-program.mjs TCPServer|MultiplexingTCPServer [end-request|end-process]
 *
 * It prints its port, and leaves in good order with exit code 0 when a client says "stop".
 */

import { EventEmitter } from "node:events";
import { MultiplexingTCPServer, StreamRequestHandler, TCPServer } from "ts-socketserver";

const ServerClass = process.argv[2] === "TCPServer" ? TCPServer : MultiplexingTCPServer;

function fail(message) {
  throw new Error(message);
}

/** What is started and never looked at again. */
const misdeeds = {
  reject: () => void Promise.reject(new Error("a rejection that nobody handles")),
  timer: () => void setTimeout(fail, 0, "thrown in a timer"),
  emit: () => void setImmediate(() => new EventEmitter().emit("error", new Error("an error event"))),
  late: () => void setTimeout(fail, 20, "thrown after the request"),
};

/** Set by a handler, looked at by the program, which then misbehaves on its own account. */
let outside = "";

class Misbehaving extends StreamRequestHandler {
  async handle() {
    for await (const line of this.rfile) {
      const [order, argument = ""] = line.toString().trim().split(" ");
      misdeeds[order]?.();
      if (order === "late") return;
      if (order === "stop") await this.server.shutdown();
      if (order === "stop") return;
      if (order === "outside") outside = argument;
      await this.wfile.write(line);
    }
  }
}

class Server extends ServerClass {
  /** Called in the loop, outside any request. */
  serviceActions() {
    misdeeds[outside]?.();
    outside = "";
  }
}

const server = new Server(["127.0.0.1", 0], Misbehaving, process.argv[3] ? { unhandledErrors: process.argv[3] } : {});
await server.open();
console.log(server.serverAddress[1]);
await server.serveForever(0.01);
await server.serverClose();
