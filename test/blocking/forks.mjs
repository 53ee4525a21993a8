/** A program whose blocking handler runs in a child process: tells that one's number, and what it is to do. */
import { ForkingTCPServer, Socket } from "ts-socketserver";
import { Obedient } from "./handlers.mjs";

const server = new ForkingTCPServer(["127.0.0.1", 0], Obedient, { children: 1, maxChildren: 1 });
await server.open();
server.serveForever();
const client = new Socket();
await client.connect(server.serverAddress);
const file = client.makefile("r");
await client.sendall("pid\n");
const pid = Number(await file.readline());
await client.sendall(process.argv[2] === "recv" ? "" : `${process.argv[2]}\n`);
process.send(pid);
