import { once } from "node:events";
import { type AddressInfo, connect, type NetConnectOpts, type Socket as NodeSocket } from "node:net";
import { Worker } from "node:worker_threads";
import type { Address, InetAddress } from "ts-socketserver";

// Its thread listens, and then stands still: the kernel fills the queue, and after that answers nobody.
const program = `
  const { parentPort, workerData } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ ...workerData, backlog: 1 }, () => {
    parentPort.postMessage(server.address());
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** A server that listens, has as many clients waiting as may be, and never accepts one. */
export class FullBacklog<Place extends Address = InetAddress> implements AsyncDisposable {
  readonly address: Place;
  readonly #worker: Worker;
  readonly #clients: NodeSocket[] = [];

  private constructor(worker: Worker, address: Place) {
    this.#worker = worker;
    this.address = address;
  }

  /** Listens on a free port. @param host a numeric address of this machine */
  static async start(host: string): Promise<FullBacklog> {
    const worker = new Worker(program, { eval: true, workerData: { host, port: 0 } });
    const [{ port }] = (await once(worker, "message")) as [AddressInfo];
    return new FullBacklog(worker, [host, port] as const).#fill({ host, port });
  }

  /** Listens on a Unix socket. */
  static async startAt(path: string): Promise<FullBacklog<string>> {
    const worker = new Worker(program, { eval: true, workerData: { path } });
    await once(worker, "message");
    return new FullBacklog(worker, path).#fill({ path });
  }

  /** Linux takes one more than the backlog. */
  async #fill(server: NetConnectOpts): Promise<this> {
    for (let count = 0; count < 2; count += 1) {
      const client = connect(server);
      this.#clients.push(client);
      await once(client, "connect");
    }
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#worker.terminate();
  }
}
