// Counts primes for its clients. Write TCPServer, MultiplexingTCPServer or ThreadingTCPServer for ForkingTCPServer, and the same
// handler runs in another way. (ThreadingTCPServer wants the native transport, or Node.js 24.20 or 26.6.)
import * as socketserver from "ts-socketserver";

export class Primes extends socketserver.StreamRequestHandler {
  static override readonly module = import.meta.url; // where threads and processes find this class

  override async handle(): Promise<void> {
    const limit = Number((await this.rfile.readline()).toString());
    await this.wfile.write(`${countPrimes(limit)} primes below ${limit}\n`);
  }
}

function countPrimes(limit: number): number {
  let count = 0;
  for (let number = 2; number < limit; number += 1) {
    let divisor = 2;
    while (number % divisor !== 0) divisor += 1;
    if (divisor === number) count += 1;
  }
  return count;
}

// Threads and processes import this module, too, and must not serve.
if (socketserver.isMain(import.meta.url)) {
  await using server = new socketserver.ForkingTCPServer(["127.0.0.1", 9999], Primes);
  await server.serveForever();
}
