// Needs the native transport. Handlers that compute, each in a thread of its own, and a count that all of them share.
import {
  createConnection,
  isMain,
  type RemoteServer,
  type Socket,
  StreamRequestHandler,
  ThreadingTCPServer,
} from "ts-socketserver";

class CountingServer extends ThreadingTCPServer {
  #served = 0;

  nextNumber(): number {
    this.#served += 1;
    return this.#served;
  }
}

export class Primes extends StreamRequestHandler<RemoteServer<CountingServer>> {
  static override readonly module = import.meta.url; // where a thread finds this class

  override async handle(): Promise<void> {
    const limit = Number((await this.rfile.readline()).toString());
    let count = 0;
    for (let number = 2; number < limit; number += 1) if (isPrime(number)) count += 1; // nobody else has to wait
    const served = await this.server.nextNumber(); // runs in the server's own thread
    await this.wfile.write(`${served}: ${count} primes below ${limit}\n`);
  }
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}

async function ask(server: CountingServer, limit: number): Promise<string> {
  await using socket: Socket = await createConnection(server.serverAddress);
  await socket.sendall(`${limit}\n`);
  await using answers = socket.makefile("r");
  return await answers.readline();
}

// The threads import this module, too, and must not serve.
if (isMain(import.meta.url)) {
  await using server = new CountingServer(["127.0.0.1", 0], Primes, { threads: 2 });
  await server.open();
  const serving = server.serveForever();
  const long = ask(server, 1_000_000);
  process.stdout.write(await ask(server, 100)); // the short one does not wait for the long one
  process.stdout.write(await long);
  await server.shutdown();
  await serving;
}
