import { once } from "node:events";
import { connect, type Socket as NodeSocket } from "node:net";
import { Worker } from "node:worker_threads";
import type { InetAddress } from "ts-socketserver";

// Its thread listens, and then stands still: the kernel fills the queue, and after that answers nobody.
const program = `
  const { parentPort, workerData } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ host: workerData, port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** A TCP server that listens, has as many clients waiting as may be, and never accepts one. */
export class FullBacklog implements AsyncDisposable {
  readonly address: InetAddress;
  readonly #worker: Worker;
  readonly #clients: NodeSocket[] = [];

  private constructor(worker: Worker, address: InetAddress) {
    this.#worker = worker;
    this.address = address;
  }

  /** Listens on a free port. @param host a numeric address of this machine */
  static async start(host: string): Promise<FullBacklog> {
    const worker = new Worker(program, { eval: true, workerData: host });
    const [port] = (await once(worker, "message")) as [number];
    const full = new FullBacklog(worker, [host, port]);
    await full.#fill(host, port);
    return full;
  }

  /** Linux takes one more than the backlog. */
  async #fill(host: string, port: number): Promise<void> {
    for (let count = 0; count < 2; count += 1) {
      const client = connect({ host, port });
      this.#clients.push(client);
      await once(client, "connect");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#worker.terminate();
  }
}
