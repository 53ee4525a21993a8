/**
 * A program with a threading server, for what a test runner cannot do to itself: node program.mjs [daemon|not]
 *
 * It prints its port. A line on its standard input closes the server, which waits for no handler; then the program has nothing
 * more to do.
 */
import { once } from "node:events";
import { isMainThread } from "node:worker_threads";
import { ThreadingTCPServer } from "ts-socketserver";
import { Obedient } from "../support/obedient-handlers.mjs";

if (isMainThread) {
  const daemonThreads = process.argv[2] === "daemon";
  const server = new ThreadingTCPServer(["127.0.0.1", 0], Obedient, { threads: 1, daemonThreads, blockOnClose: false });
  await server.open();
  console.log(server.serverAddress[1]);
  const served = server.serveForever();
  await once(process.stdin, "data");
  await server.serverClose();
  await served;
  process.stdin.destroy();
  console.log("closed");
}
