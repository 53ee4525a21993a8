// 31  socketserver: a server is an address and a class of handlers.
//
// The course's server library, under the names that it has in Python. One subclasses BaseRequestHandler and overrides
// handle(); the server makes one such object for each request, runs it, and closes what is to be closed. Over TCP a request
// is a whole conversation; over UDP it is one message.
//
// Run it:     npx tsx examples/31-request-handlers.ts
// It prints:
//
//     TCP: "one" comes back as "ONE"
//     TCP: "two" comes back as "TWO"
//     TCP: a conversation of two messages took 1 handler
//     UDP: "one" comes back as "ONE"
//     UDP: "two" comes back as "TWO"
//     UDP: two messages took 2 handlers
//     one request, then no more: "ONE"

import {
  AF_INET,
  BaseRequestHandler,
  createConnection,
  type DatagramRequest,
  Socket,
  TCPServer,
  UDPServer,
} from "ts-socketserver";
import { SOCK_DGRAM } from "ts-socketserver/socket";

// ── TCP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

class UpperHandler extends BaseRequestHandler {
  static made = 0;

  // A handler has a field or two of its own, for this client alone. What clients share belongs to the server.
  override async handle(): Promise<void> {
    UpperHandler.made += 1;
    for (;;) {
      const data = await this.request.recv(1024); // this.request is the connection
      if (data.length === 0) return; // and now the server closes it
      await this.request.sendall(data.toString().toUpperCase());
      // Beside it there are this.clientAddress, and this.server, the server that runs this handler.
    }
  }
}

{
  // The class, and not an object of it: the server makes the objects.
  await using server = new TCPServer(["127.0.0.1", 0], UpperHandler);
  await server.open();
  const serving = server.serveForever();

  await using client = await createConnection(server.serverAddress);
  for (const word of ["one", "two"]) {
    await client.sendall(word);
    console.log(`TCP: "${word}" comes back as "${await client.recv(1024)}"`);
  }
  await client.close();

  // In a program of its own, the server would run until Ctrl-C. shutdown() waits for the handler that is at work.
  await server.shutdown();
  await serving;
  console.log(`TCP: a conversation of two messages took ${UpperHandler.made} handler`);
}

// ── UDP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

class UpperDatagramHandler extends BaseRequestHandler<DatagramRequest> {
  static made = 0;

  override async handle(): Promise<void> {
    UpperDatagramHandler.made += 1;
    // Of a message the request is its bytes, and the server's socket, by which to answer.
    const [data, socket] = this.request;
    await socket.sendto(data.toString().toUpperCase(), this.clientAddress);
  }
}

{
  await using server = new UDPServer(["127.0.0.1", 0], UpperDatagramHandler);
  await server.open();
  const serving = server.serveForever();

  await using client = new Socket(AF_INET, SOCK_DGRAM);
  client.settimeout(10);
  for (const word of ["one", "two"]) {
    await client.sendto(word, server.serverAddress);
    const [data] = await client.recvfrom(1024);
    console.log(`UDP: "${word}" comes back as "${data}"`);
  }
  await server.shutdown();
  await serving;
  console.log(`UDP: two messages took ${UpperDatagramHandler.made} handlers`);
}

// ── One request alone ────────────────────────────────────────────────────────────────────────────────────────────────

{
  await using server = new TCPServer(["127.0.0.1", 0], UpperHandler);
  await server.open();
  const handled = server.handleRequest(); // instead of serveForever()
  await using client = await createConnection(server.serverAddress);
  await client.sendall("one");
  console.log(`one request, then no more: "${await client.recv(1024)}"`);
  await client.close();
  await handled;
}
