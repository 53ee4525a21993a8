/**
 * The other sides of blocking sockets: a pair in this thread, where nothing that is asked for has to be waited for, and peers
 * in threads of their own.
 *
 * @module
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AF_INET, AF_UNIX, BlockingSocket, capabilities, type InetAddress } from "ts-socketserver";
import { SOCK_STREAM, type SocketKind, socketpair } from "ts-socketserver/socket";

/** Whether there are blocking sockets here, and what titles say where not. */
export const { blockingSockets: available } = capabilities();
export const unless: string = available ? "" : " (skipped: needs the native transport)";

/** A free port of this machine. */
export const here: InetAddress = ["127.0.0.1", 0];

/** Two Unix sockets that are connected to each other. */
export async function pair(type: SocketKind = SOCK_STREAM): Promise<[BlockingSocket, BlockingSocket]> {
  const [one, other] = await socketpair(AF_UNIX, type);
  const adopt = (fileno: number): BlockingSocket => new BlockingSocket(AF_UNIX, type, 0, { fileno });
  return [adopt(one.detach()), adopt(other.detach())];
}

/** A listener on a free port. */
export function listening(): BlockingSocket {
  const listener = new BlockingSocket();
  listener.bind(here);
  listener.listen();
  return listener;
}

/** Both ends of a TCP connection. */
export function connected(): [client: BlockingSocket, server: BlockingSocket] {
  using listener = listening();
  const client = new BlockingSocket(AF_INET, SOCK_STREAM);
  client.connect(listener.getsockname());
  const [server] = listener.accept();
  return [client, server];
}

const PRELUDE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { connect, createServer } = require("node:net");
  const serve = (handle) => {
    const server = createServer({ allowHalfOpen: true }, handle);
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
  };
`;

/** Somebody in a thread of his own, so that this one may block meanwhile. */
export class Peer implements AsyncDisposable {
  readonly address: InetAddress;
  readonly #worker: Worker;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.address = ["127.0.0.1", port];
  }

  /**
   * @param source of a program that knows \`connect\` of node:net, \`serve(handle)\` for a server, and \`workerData\`; it posts its
   *   port, or anything else when it is ready.
   */
  static async start(source: string, workerData?: unknown): Promise<Peer> {
    const worker = new Worker(PRELUDE + source, { eval: true, workerData });
    const [port] = await once(worker, "message");
    return new Peer(worker, Number(port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
