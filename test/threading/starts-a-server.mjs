/** A module that forgets to ask whether it is the program. */
import { isMainThread } from "node:worker_threads";
import { BaseRequestHandler, TCPServer } from "ts-socketserver";

export class Careless extends BaseRequestHandler {
  static module = import.meta.url;
}

// The test imports it, too, and is to survive that.
if (!isMainThread) await new TCPServer(["127.0.0.1", 0], Careless).serveForever();
