/**
 * The last net under handlers: an error that a handler left unhandled ends its own request, not the process.
 *
 * While a server is open, this process listens for unhandled rejections and uncaught exceptions. Those that come from
 * within a request are given to it; all others end the process just as they would without this, also where Node was started
 * with `--unhandled-rejections`.
 *
 * @module
 */

import { inspect } from "node:util";
import { runDetached } from "../async-context.js";
import { currentRequest } from "./active-requests.js";

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

/** What Node is to do with rejections that nobody handles. */
function rejectionMode(): string {
  // As Node reads them: the command line comes after the environment, and the last one counts.
  const options = [process.env.NODE_OPTIONS ?? "", ...process.execArgv].join(" ");
  return [...options.matchAll(/--unhandled[-_]rejections[ =](\S+)/g)].at(-1)?.[1] ?? "throw";
}

function onUnhandledRejection(reason: unknown): void {
  const mode = rejectionMode();
  // It came as an uncaught exception before this, and somebody has dealt with it.
  if (mode === "strict") return;
  const live = currentRequest();
  // Outside the request: a listener to the server's events that fails in turn must not come back here as its error.
  if (live !== undefined) runDetached(() => live.owner.requestLeftError(live, reason));
  // Somebody else's: our listening must not make it unseen.
  else if (process.listenerCount("unhandledRejection") === 1) leaveToNode(mode, reason);
}

/** Does what Node would have done if this was not listening; what it does in any case ("warn", "none"), it does itself. */
function leaveToNode(mode: string, reason: unknown): void {
  // Thrown here, it becomes an uncaught exception.
  if (mode === "throw") throw reason;
  if (mode !== "warn-with-error-code") return;
  process.emitWarning(inspect(reason), "UnhandledPromiseRejectionWarning");
  process.exitCode = 1;
}

function onUncaughtException(error: unknown): void {
  const live = currentRequest();
  if (live !== undefined) {
    runDetached(() => live.owner.requestLeftError(live, error));
  } else if (process.listenerCount("uncaughtException") === 1) {
    // Thrown once more without this listener: then it ends the process, or the worker thread, just as by default.
    process.off("uncaughtException", onUncaughtException);
    process.nextTick(() => {
      throw error;
    });
  }
}
