/**
 * The thread that opening.test.ts runs: it opens a server whose logger fails once, and tells what is left of that.
 *
 * @module
 */

import { setImmediate as turn } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { pino } from "pino";
import { BaseRequestHandler, TCPServer } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";

/** How many listen for the errors that are left unhandled. An open server does. */
const countListeners = () => ["unhandledRejection", "uncaughtException"].map((event) => process.listenerCount(event));

const logger = pino({ level: "silent" });
let attempts = 0;
logger.isLevelEnabled = () => {
  if (attempts++ === 0) throw new Error("Test error");
  return false;
};

class Announcing extends TCPServer {
  announced = null;
  async serverActivate() {
    await super.serverActivate();
    this.announced = this.serverAddress;
  }
}

const listeners = [countListeners()];
const server = new Announcing(["127.0.0.1", 0], BaseRequestHandler, { logger });
const errorOf = (promise) =>
  promise.then(
    () => null,
    (error) => error,
  );
const failure = await errorOf(server.open());
const fileno = server.fileno();
const refusal = await errorOf(StreamTestClient.connect(server.announced));
listeners.push(countListeners());
await server.open();
listeners.push(countListeners());
await server.serverClose();
for (let count = 0; count < 20; count += 1) await turn();
listeners.push(countListeners());
parentPort.postMessage({ failure: failure?.message, fileno, refusal: refusal?.code, listeners });
