/**
 * A program whose blocking handlers run in child processes, one for each argument, which is what it is to do: tells the numbers of
 * those processes.
 */
import { ForkingTCPServer, Socket } from "ts-socketserver";
import { Obedient } from "./handlers.mjs";

const orders = process.argv.slice(2);
const server = new ForkingTCPServer(["127.0.0.1", 0], Obedient, { children: 1, maxChildren: orders.length });
await server.open();
server.serveForever();
const pids = [];
for (const order of orders) {
  const client = new Socket();
  await client.connect(server.serverAddress);
  const file = client.makefile("r");
  await client.sendall("pid\n");
  pids.push(Number(await file.readline()));
  await client.sendall(`begin ${order}\n`);
  await file.readline();
}
process.send(pids);
