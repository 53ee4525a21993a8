// Needs the native transport. A handler written as in Python: each call waits for its client, and only its own thread waits.
import {
  type BlockingRemoteServer,
  BlockingStreamRequestHandler,
  createConnection,
  isMain,
  ThreadingTCPServer,
} from "ts-socketserver";

class HotelServer extends ThreadingTCPServer {
  #guests = 0;

  checkIn(): number {
    this.#guests += 1;
    return this.#guests;
  }
}

export class Reception extends BlockingStreamRequestHandler<BlockingRemoteServer<HotelServer>> {
  static override readonly module = import.meta.url; // where a thread finds this class
  override timeout = 10; // seconds that a call waits for the client; then it throws a TimeoutError

  override handle(): void {
    this.wfile.write("Your name?\n");
    const name = this.rfile.readline().toString().trim(); // waits for the client
    const room = this.server.checkIn(); // waits for the server's answer
    this.wfile.write(`${name}, you have room ${room}.\n`);
    for (const wish of this.rfile) this.wfile.write(`Certainly: ${wish}`);
    this.wfile.write(`Goodbye, ${name}!\n`);
  }
}

async function visit(server: HotelServer, name: string) {
  const socket = await createConnection(server.serverAddress);
  const file = socket.makefile("rw");
  await file.readline();
  return {
    say: async (text: string) => {
      await file.write(`${text}\n`);
      await file.flush();
      return `${name} hears: ${await file.readline()}`;
    },
    [Symbol.asyncDispose]: async () => {
      await file.close();
      await socket.close();
    },
  };
}

// The threads import this module, too, and must not serve.
if (isMain(import.meta.url)) {
  await using server = new HotelServer(["127.0.0.1", 0], Reception, { threads: 2 });
  await server.open();
  const serving = server.serveForever();
  {
    await using ada = await visit(server, "Ada");
    await using bob = await visit(server, "Bob");
    process.stdout.write(await bob.say("Bob")); // although Ada's handler still waits for her name
    process.stdout.write(await ada.say("Ada"));
    process.stdout.write(await bob.say("a towel"));
  }
  await server.shutdown();
  await serving;
}
