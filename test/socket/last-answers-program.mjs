/** The program that crowd.test.ts runs: a server that ends its process as soon as it has answered so many clients at once. */

import { BaseRequestHandler, MultiplexingTCPServer } from "ts-socketserver";

const CLIENTS = 8;
/** Whether there are answers before the exit. */
const answers = process.argv[2] === "answers";
const asked = [];

class Last extends BaseRequestHandler {
  async handle() {
    const data = await this.request.recv(100);
    if (answers) void this.request.sendall(data);
    asked.push(this.request);
    // The connections of those who return are closed.
    if (asked.length < CLIENTS) return new Promise(() => {});
    process.once("exit", () => {
      for (const request of asked) void request.sendall(" and goodbye");
    });
    process.exit(0);
  }
}

const server = new MultiplexingTCPServer(["127.0.0.1", 0], Last);
await server.open();
console.log(server.serverAddress[1]);
await server.serveForever();
