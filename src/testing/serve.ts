/**
 * {@link serve}: a server for the length of a test.
 *
 * @module
 */

import type { Address } from "../core/address/address.js";
import { SOCK_STREAM } from "../core/constants.js";
import type { BaseServer } from "../core/server/base-server.js";
import { DatagramTestClient, StreamTestClient } from "./client.js";

/** A server that is serving. Disposing it closes it, and fails if serving had failed; then it is closed at once. */
export class RunningServer<Server extends BaseServer> implements AsyncDisposable {
  /** The server itself. */
  readonly server: Server;
  /** Settles when `serveForever()` does. */
  readonly served: Promise<void>;
  #failed = false;

  constructor(server: Server, served: Promise<void>) {
    this.server = server;
    this.served = served;
    // Told when the server is disposed of, and closed at once: its clients read the end instead of waiting for ever.
    served.catch(() => {
      this.#failed = true;
      server.serverClose().catch(() => undefined);
    });
  }

  /** Where the server can be reached. */
  get address(): Address {
    return this.server.serverAddress;
  }

  /** A new client, connected to the server. The caller closes it, with `await using` for instance. */
  connect(): Promise<StreamTestClient> {
    if (this.server.socketType !== SOCK_STREAM)
      throw new TypeError("Datagram servers have no connections: use datagrams().");
    return StreamTestClient.connect(this.address);
  }

  /** A new client that exchanges datagrams with the server. The caller closes it. */
  datagrams(): Promise<DatagramTestClient> {
    return DatagramTestClient.open(this.address);
  }

  /** Ends serving, closes the server, and throws what `serveForever()` has thrown, or else `serverClose()`. */
  async close(): Promise<void> {
    try {
      await this.server.serverClose();
    } catch (error) {
      // The first failure is the cause. A loop that goes on is not waited for: what would have ended it has failed.
      if (this.#failed) await this.served;
      throw error;
    }
    await this.served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Opens a server and serves until it is disposed of.
 *
 * @param server one that is not open yet, on port 0.
 * @example
 * ```ts
 * await using running = await serve(new TCPServer(["127.0.0.1", 0], EchoHandler));
 * await using client = await running.connect();
 * await client.write("hello\n");
 * expect(await client.readLine()).toBe("hello\n");
 * ```
 */
export async function serve<Server extends BaseServer>(server: Server): Promise<RunningServer<Server>> {
  await server.open();
  return new RunningServer(server, server.serveForever());
}
