/** The program that datagram-ahead.test.ts runs: a server that ends its process as soon as it has answered. */

import { BaseRequestHandler, UDPServer } from "ts-socketserver";

class Last extends BaseRequestHandler {
  async handle() {
    const [data, socket] = this.request;
    await socket.sendto(data, this.clientAddress);
    process.exit(0);
  }
}

const server = new UDPServer(["127.0.0.1", 0], Last);
await server.open();
console.log(server.serverAddress[1]);
await server.serveForever();
