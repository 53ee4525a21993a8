// 32  Handlers with files: rfile to read from, wfile to write to.
//
// A StreamRequestHandler has its connection as two files, and so reads lines instead of fragments; a DatagramRequestHandler
// has the same two for one message. This one is a calculator: a line with a sum comes in, and a line with the result goes out.
//
// Run it:     npx tsx examples/32-stream-handlers.ts
// It prints:
//
//     1 + 2 = 3
//     20 + 22 = 42
//     hello = I can only add
//     the handler's log: setup, handle, finish
//     after a mistake of a handler: 3 + 4 = 7
//     the server was told: Error: that was a bug
//     by UDP: 5 + 6 = 11

import {
  AF_INET,
  createConnection,
  DatagramRequestHandler,
  MultiplexingTCPServer,
  Socket,
  StreamRequestHandler,
  UDPServer,
} from "ts-socketserver";
import { SHUT_WR, SOCK_DGRAM } from "ts-socketserver/socket";

function calculate(line: string): string {
  if (line === "bug") throw new Error("that was a bug");
  const [, one, other] = /^(\d+) \+ (\d+)$/.exec(line) ?? [];
  return one === undefined || other === undefined ? "I can only add" : String(Number(one) + Number(other));
}

// ── Lines over a connection ──────────────────────────────────────────────────────────────────────────────────────────

const log: string[] = [];

class Calculator extends StreamRequestHandler {
  override timeout = 30; // seconds that a client may be silent, before its request fails with a TimeoutError
  override maxLineLength = 100; // bytes; a longer line ends the request, before it fills the memory

  // The three steps of a handler. Only the second has to be written.
  override async setup(): Promise<void> {
    await super.setup(); // makes the files
    log.push("setup");
  }

  override async handle(): Promise<void> {
    log.push("handle");
    for await (const line of this.rfile) {
      // Awaited: so a handler is no faster than its client reads.
      await this.wfile.write(`${calculate(line.toString().trim())}\n`);
    }
  }

  override async finish(): Promise<void> {
    log.push("finish"); // also when handle() has failed
    await super.finish(); // closes the files
  }
}

class CalculatorServer extends MultiplexingTCPServer {
  // What a handler throws ends its own request, and is told here. Without this method it goes to the log.
  override handleError(error: unknown): void {
    told.push(String(error));
  }
}
const told: string[] = [];

{
  await using server = new CalculatorServer(["127.0.0.1", 0], Calculator);
  await server.open();
  const serving = server.serveForever();

  await using client = await createConnection(server.serverAddress);
  await using answers = client.makefile("r");
  for (const question of ["1 + 2", "20 + 22", "hello"]) {
    await client.sendall(`${question}\n`);
    console.log(`${question} = ${(await answers.readline()).trim()}`);
  }
  await client.shutdown(SHUT_WR); // ends the handler's loop over its lines
  await answers.readline(); // the end: all three steps are done, and the server has closed the connection
  console.log(`the handler's log: ${log.join(", ")}`);

  // A mistake, and the server goes on.
  await using unlucky = await createConnection(server.serverAddress);
  await unlucky.sendall("bug\n");
  await unlucky.recv(1024); // the end, and no answer
  await using next = await createConnection(server.serverAddress);
  await next.sendall("3 + 4\n");
  await using nextAnswers = next.makefile("r");
  console.log(`after a mistake of a handler: 3 + 4 = ${(await nextAnswers.readline()).trim()}`);
  await server.shutdown();
  await serving;
  console.log(`the server was told: ${told}`);
}

// ── One message ──────────────────────────────────────────────────────────────────────────────────────────────────────

class DatagramCalculator extends DatagramRequestHandler {
  override async handle(): Promise<void> {
    const question = (await this.rfile.read()).toString();
    await this.wfile.write(calculate(question)); // sent back as one message when handle() is done
  }
}

{
  await using server = new UDPServer(["127.0.0.1", 0], DatagramCalculator);
  await server.open();
  const serving = server.serveForever();
  await using client = new Socket(AF_INET, SOCK_DGRAM);
  client.settimeout(10);
  await client.sendto("5 + 6", server.serverAddress);
  const [answer] = await client.recvfrom(1024);
  console.log(`by UDP: 5 + 6 = ${answer}`);
  await server.shutdown();
  await serving;
}
