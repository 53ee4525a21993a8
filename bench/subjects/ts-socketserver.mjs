// This project, on the transport that SOCKETSERVER_TRANSPORT names.
//
//   ts-socketserver.mjs echo|once|lines|idle|fairness|udp|shutdown [OPTIONS]
//
// prints {"port":N} when it serves, or {"unavailable":"why"}. OPTIONS is JSON for the server. UDP is served by a
// multiplexing server, and with "udp-in-turn" by the plain one.
import { answerCommands, collectGarbage, tell } from "./control.mjs";
import { watchEventLoop } from "./event-loop-delay.mjs";

const [kind, options = "{}"] = process.argv.slice(2);
const wanted = process.env.SOCKETSERVER_TRANSPORT;

// As for every subject: 256 datagrams in flight shall fit.
const RECEIVE_BUFFER = 2 ** 20;
const SHUTDOWNS = 20;

/** The package, if it does what is wanted; what it says, if it does not. */
async function load() {
  try {
    const library = await import("ts-socketserver");
    const { transport, unavailable } = library.capabilities();
    if (transport !== wanted) return { unavailable: unavailable[wanted] ?? `It runs on the ${transport} transport.` };
    return { library };
  } catch (error) {
    return { unavailable: String(error) };
  }
}

/** @param {typeof import("ts-socketserver")} library */
function serverOf(library) {
  const { BaseRequestHandler, MultiplexingTCPServer, MultiplexingUDPServer, StreamRequestHandler, UDPServer } = library;

  class Echo extends BaseRequestHandler {
    async handle() {
      for (;;) {
        const data = await this.request.recv(65_536);
        if (data.length === 0) return;
        await this.request.sendall(data);
      }
    }
  }

  class EchoOnce extends BaseRequestHandler {
    async handle() {
      await this.request.sendall(await this.request.recv(65_536));
    }
  }

  class Upper extends StreamRequestHandler {
    disableNagleAlgorithm = true; // else small answers would wait for the client's acknowledgements

    async handle() {
      for await (const line of this.rfile) await this.wfile.write(line.toString().toUpperCase());
    }
  }

  class EchoDatagram extends BaseRequestHandler {
    async handle() {
      const [data, socket] = this.request;
      await socket.sendto(data, this.clientAddress);
    }
  }

  const [Server, Handler] = {
    echo: [MultiplexingTCPServer, Echo],
    once: [MultiplexingTCPServer, EchoOnce],
    lines: [MultiplexingTCPServer, Upper],
    idle: [MultiplexingTCPServer, Echo],
    fairness: [MultiplexingTCPServer, Echo],
    shutdown: [MultiplexingTCPServer, Echo],
    udp: [MultiplexingUDPServer, EchoDatagram],
    "udp-in-turn": [UDPServer, EchoDatagram],
  }[kind];
  return new Server(["127.0.0.1", 0], Handler, JSON.parse(options));
}

/** Serves and shuts down again and again: milliseconds from the call of shutdown() to the return of serveForever(). */
async function timeShutdowns(server, firstServing) {
  const milliseconds = [];
  let serving = firstServing;
  for (let count = 0; count < SHUTDOWNS; count += 1) {
    // At another moment each time, spread over half a second: the interval in which Python looks for a shutdown.
    await new Promise((resolve) => setTimeout(resolve, (500 * count) / SHUTDOWNS));
    const start = performance.now();
    await Promise.all([server.shutdown(), serving]);
    milliseconds.push(performance.now() - start);
    serving = server.serveForever();
  }
  return { milliseconds };
}

const { library, unavailable } = await load();
if (unavailable !== undefined) {
  tell({ unavailable });
} else {
  const server = serverOf(library);
  await server.open();
  if (kind.startsWith("udp")) {
    server.socket.setsockopt(library.SOL_SOCKET, library.SO_RCVBUF, RECEIVE_BUFFER);
  }
  const serving = server.serveForever();
  if (kind === "idle") answerCommands({ collect: collectGarbage });
  if (kind === "fairness") answerCommands({ delay: watchEventLoop() });
  if (kind === "shutdown") answerCommands({ shutdowns: () => timeShutdowns(server, serving) });
  tell({ port: server.serverAddress[1] });
}
