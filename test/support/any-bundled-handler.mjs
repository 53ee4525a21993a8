/**
 * The handlers of all bundled servers as two: threads and processes start once and run each of them.
 *
 * @module
 */
import { BaseRequestHandler } from "ts-socketserver";
import { bundledServers } from "ts-socketserver/servers";

const module = import.meta.url;

/** The bundled server whose turn it is. */
async function current(server) {
  const name = await server.current();
  return bundledServers.find((bundled) => bundled.name === name);
}

/** Serves a connection by the stream handler that the server names. */
export class AnyStreamHandler extends BaseRequestHandler {
  static module = module;
  async handle() {
    const { streamHandler } = await current(this.server);
    await new streamHandler(this.request, this.clientAddress, this.server).run();
  }
}

/** Serves a datagram by the datagram handler that the server names. */
export class AnyDatagramHandler extends BaseRequestHandler {
  static module = module;
  async handle() {
    const { datagramHandler } = await current(this.server);
    await new datagramHandler(this.request, this.clientAddress, this.server).run();
  }
}
