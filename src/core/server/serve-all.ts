/**
 * {@link serveAll}: several servers in one program.
 *
 * @module
 */

import type { BaseServer } from "./base-server.js";

/**
 * Serves several servers at once, of any kind, in the one event loop that there is, until each was shut down.
 *
 * All are opened first: where one cannot be, none serves. When one fails later, the others are shut down too. Nobody is
 * closed: whoever made the servers does that.
 *
 * @throws the error of the first server that failed.
 * @example
 * ```ts
 * await using tcp = new TCPServer(["127.0.0.1", 9999], Echo);
 * await using udp = new UDPServer(["127.0.0.1", 9999], EchoDatagram);
 * await serveAll(tcp, udp);
 * ```
 */
export async function serveAll(
  ...servers: readonly Pick<BaseServer, "open" | "serveForever" | "shutdown">[]
): Promise<void> {
  for (const server of servers) await server.open();
  const running = servers.map((server) => server.serveForever());
  try {
    await Promise.all(running);
  } finally {
    await Promise.all(servers.map((server) => server.shutdown()));
    await Promise.allSettled(running);
  }
}
