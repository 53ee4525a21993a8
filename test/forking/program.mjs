/**
 * A program with a forking server, for what a test runner cannot do to itself: node program.mjs [native|node]
 *
 * It prints its port and the numbers of its children. SIGINT and SIGTERM close it in good order.
 */
import { ForkingTCPServer } from "ts-socketserver";
import { nativeTransport, nodeTransport } from "ts-socketserver/transport";
import { Obedient } from "../support/obedient-handlers.mjs";

const transport = process.argv[2] === "native" ? nativeTransport : nodeTransport;
const server = new ForkingTCPServer(["127.0.0.1", 0], Obedient, { transport, children: 2 });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => server.serverClose());
await server.open();
console.log(JSON.stringify({ port: server.serverAddress[1], children: [...server.activeChildren] }));
await server.serveForever();
await server.serverClose();
