// This project: a handler that receives and sends.
import { BaseRequestHandler, MultiplexingTCPServer } from "ts-socketserver";

export class Echo extends BaseRequestHandler {
  async handle() {
    for (;;) {
      const data = await this.request.recv(65_536);
      if (data.length === 0) return;
      await this.request.sendall(data);
    }
  }
}

/** Serves it in the multiplexing server, and prints the port. */
export async function serveEcho(options) {
  const server = new MultiplexingTCPServer(["127.0.0.1", 0], Echo, options);
  await server.open();
  console.log(server.serverAddress[1]);
  await server.serveForever();
}
