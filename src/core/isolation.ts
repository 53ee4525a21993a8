/**
 * The last net under handlers: an error that a handler left unhandled ends its own request, not the process.
 *
 * While a server is open, this process listens for unhandled rejections and uncaught exceptions. Those that come from
 * within a request are given to it; all others end the process just as they would without this.
 *
 * @module
 */

import { currentRequest, runOutside } from "./live-requests.js";

let servers = 0;

/** A server is open: the net is spread while there is at least one. */
export function enterIsolation(): void {
  servers += 1;
  if (servers > 1) return;
  process.on("unhandledRejection", onUnhandledRejection);
  process.on("uncaughtException", onUncaughtException);
}

/** A server is closed. */
export function leaveIsolation(): void {
  servers -= 1;
  if (servers > 0) return;
  process.off("unhandledRejection", onUnhandledRejection);
  process.off("uncaughtException", onUncaughtException);
}

function onUnhandledRejection(reason: unknown): void {
  const live = currentRequest();
  // Outside the request: a listener to the server's events that fails in turn must not come back here as its error.
  if (live !== undefined) runOutside(() => live.owner.requestLeftError(live, reason));
  // Somebody else's: our listening must not make it unseen. Thrown here, it becomes an uncaught exception, as by default.
  else if (process.listenerCount("unhandledRejection") === 1) throw reason;
}

function onUncaughtException(error: unknown): void {
  const live = currentRequest();
  if (live !== undefined) {
    runOutside(() => live.owner.requestLeftError(live, error));
  } else if (process.listenerCount("uncaughtException") === 1) {
    // Thrown once more without this listener: then it ends the process, or the worker thread, just as by default.
    process.off("uncaughtException", onUncaughtException);
    process.nextTick(() => {
      throw error;
    });
  }
}
