// This project, on the transport that SOCKETSERVER_TRANSPORT names.
//
//   ts-socketserver.mjs KIND [MODEL] [OPTIONS]
//
// prints {"port":N} when it serves, or {"unavailable":"why"}. KIND is what it serves, see handlerFor(). MODEL is how:
// multiplexing, plain (for datagrams), threading, blocking (threads with a handler that blocks) or forking. OPTIONS is JSON
// for the server.
import { answerCommands, collectGarbage, tell } from "./control.mjs";
import { watchEventLoop } from "./event-loop-delay.mjs";

const [kind, model = "multiplexing", options = "{}"] = process.argv.slice(2);
const wanted = process.env.SOCKETSERVER_TRANSPORT;

// As for every subject: 256 datagrams in flight shall fit.
const RECEIVE_BUFFER = 2 ** 20;
const SHUTDOWNS = 20;
/** A crowd comes at once: 1,000 clients. */
const CROWD = 1024;
/**
 * V8 optimises the JavaScript of each thread by itself, in the background: what each is warmed up with before the load comes, as
 * messages of one connection after the other. The beginning and the end of connections are part of what is run, so they are several,
 * and the first is a short one.
 */
const MESSAGES_TO_WARM_UP = [2, ...new Array(12).fill(500)];

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

/** @param {typeof import("./handlers.mjs")} handlers */
function handlerFor(handlers) {
  return {
    echo: model === "blocking" ? handlers.BlockingEcho : handlers.Echo,
    "echo-timeout": handlers.EchoWithTimeout,
    "echo-into": handlers.EchoInto,
    once: handlers.EchoOnce,
    "echo-lines": handlers.EchoLines,
    lines: handlers.Upper,
    idle: handlers.Echo,
    fairness: handlers.Echo,
    "fairness-lines": handlers.EchoFilledLines,
    shutdown: handlers.Echo,
    hash: handlers.Hash,
    wait: handlers.Wait,
    udp: handlers.EchoDatagram,
    "udp-file": handlers.EchoDatagramFile,
  }[kind];
}

const isDatagrams = kind.startsWith("udp");

/** @param {typeof import("ts-socketserver")} library */
async function serverOf(library) {
  const Handler = handlerFor(await import("./handlers.mjs"));
  const Server = {
    plain: library.UDPServer,
    multiplexing: isDatagrams ? library.MultiplexingUDPServer : library.MultiplexingTCPServer,
    threading: library.ThreadingTCPServer,
    blocking: library.ThreadingTCPServer,
    forking: library.ForkingTCPServer,
  }[model];
  const backlog = kind === "wait" ? { requestQueueSize: CROWD } : {};
  return new Server(["127.0.0.1", 0], Handler, { ...backlog, ...JSON.parse(options) });
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

/** Has each of the threads serve a connection with so many messages, one thread after the other: they share one core. */
async function talkWithThreads(library, server, messages) {
  const address = server.serverAddress;
  const clients = await Promise.all(Array.from({ length: server.threads }, () => library.createConnection(address)));
  for (const client of clients) {
    for (let message = 0; message < messages; message += 1) {
      await client.sendall("ready?");
      await client.recv(64);
    }
  }
  await Promise.all(clients.map((client) => client.close()));
}

const { library, unavailable } = await load();
if (unavailable !== undefined) {
  tell({ unavailable });
} else {
  const server = await serverOf(library);
  await server.open();
  if (isDatagrams) {
    const { SOL_SOCKET, SO_RCVBUF } = await import("ts-socketserver/socket");
    server.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  }
  const serving = server.serveForever();
  if (model === "blocking") {
    for (const messages of MESSAGES_TO_WARM_UP) await talkWithThreads(library, server, messages);
  }
  if (kind === "idle") answerCommands({ collect: collectGarbage });
  if (kind.startsWith("fairness")) answerCommands({ delay: watchEventLoop() });
  if (kind === "shutdown") answerCommands({ shutdowns: () => timeShutdowns(server, serving) });
  tell({ port: server.serverAddress[1] });
}
