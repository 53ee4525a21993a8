// A handler whose constructor is injected: what belongs to the request, and a service of the application.
import "reflect-metadata";
import {
  type Address,
  type BaseServer,
  CLIENT_ADDRESS_TOKEN,
  createConnection,
  REQUEST_TOKEN,
  SERVER_TOKEN,
  type Socket,
  StreamRequestHandler,
  TCPServer,
} from "ts-socketserver";
import { container, inject, injectable } from "tsyringe";

class Greetings {
  greet(name: string): string {
    return `Good morning, ${name}!\n`;
  }
}

@injectable()
class Greeter extends StreamRequestHandler {
  readonly #greetings: Greetings;

  constructor(
    @inject(REQUEST_TOKEN) request: Socket,
    @inject(CLIENT_ADDRESS_TOKEN) clientAddress: Address,
    @inject(SERVER_TOKEN) server: BaseServer,
    @inject(Greetings) greetings: Greetings,
  ) {
    super(request, clientAddress, server);
    this.#greetings = greetings;
  }

  override async handle(): Promise<void> {
    const name = (await this.rfile.readline()).toString().trim();
    await this.wfile.write(this.#greetings.greet(name));
  }
}

await using server = new TCPServer(["127.0.0.1", 0], Greeter, { container });
await server.open();
const handled = server.handleRequest();

await using client = await createConnection(server.serverAddress);
await client.sendall("Ada\n");
console.log((await client.recv(1024)).toString().trim());
await handled;
