// Handlers in child processes: what one does to its process ends the requests in that process, and nothing else.
import {
  createConnection,
  ForkingTCPServer,
  isMain,
  type RemoteServer,
  type Socket,
  StreamRequestHandler,
} from "ts-socketserver";

class CountingServer extends ForkingTCPServer {
  #served = 0;
  readonly errors: string[] = [];

  nextNumber(): number {
    this.#served += 1;
    return this.#served;
  }

  override handleError(error: unknown): void {
    this.errors.push(String(error).replace(/\d+/, "…"));
  }
}

export class Fragile extends StreamRequestHandler<RemoteServer<CountingServer>> {
  static override readonly module = import.meta.url; // where a child finds this class

  override async handle(): Promise<void> {
    const line = (await this.rfile.readline()).toString().trim();
    if (line === "crash") process.kill(process.pid, "SIGKILL"); // as by a fault in an addon, or for want of memory
    const number = await this.server.nextNumber(); // runs in the server's process
    await this.wfile.write(`${number}: ${line}, from ${process.pid}`);
  }
}

async function ask(server: CountingServer, text: string): Promise<string> {
  await using socket: Socket = await createConnection(server.serverAddress);
  await socket.sendall(`${text}\n`);
  return await socket.makefile("r").read();
}

// The children import this module, too, and must not serve.
if (isMain(import.meta.url)) {
  await using server = new CountingServer(["127.0.0.1", 0], Fragile, { children: 1 });
  await server.open();
  const serving = server.serveForever();

  const [child = 0] = server.activeChildren;
  console.log((await ask(server, "hello")).replace(`${child}`, "the child"), child !== process.pid);
  console.log(`the one that crashes gets ${JSON.stringify(await ask(server, "crash"))}`);
  const answer = await ask(server, "hello again"); // waits for the child that takes the other's place
  console.log(`handleError: ${server.errors}`);
  const [heir = 0] = server.activeChildren;
  console.log(answer.replace(`${heir}`, "another child"), heir !== child);

  await server.shutdown();
  await serving;
}
