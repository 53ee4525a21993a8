/** The program that crowd.test.ts runs: a server that ends its process as soon as it has answered so many clients at once. */

import { BaseRequestHandler, MultiplexingTCPServer } from "ts-socketserver";

const CLIENTS = 8;
let asked = 0;

class Last extends BaseRequestHandler {
  async handle() {
    const data = await this.request.recv(100);
    void this.request.sendall(data);
    asked += 1;
    if (asked === CLIENTS) process.exit(0);
  }
}

const server = new MultiplexingTCPServer(["127.0.0.1", 0], Last);
await server.open();
console.log(server.serverAddress[1]);
await server.serveForever();
