/** The handler that zone-program.ts runs in a child process: it answers with every name of its connection. */

import { StreamRequestHandler } from "ts-socketserver";

export class Names extends StreamRequestHandler {
  static module = import.meta.url;

  async handle() {
    const { clientAddress, request, server } = this;
    const names = [clientAddress, request.getpeername(), request.getsockname(), server.serverAddress];
    await this.wfile.write(JSON.stringify(names));
  }
}
