/**
 * The program of a child process of a `ForkingMixIn` server. What it does is in run-requests.ts.
 *
 * @module
 */

import type { ToChild } from "../wire/messages.js";

// A terminal sends Ctrl-C to every process that it has started, and a supervisor SIGTERM: it is the server that ends its
// children, in good order. Said before anything large is loaded, so that they come too early hardly ever.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
// However the server ends, be it by SIGKILL, no child outlives it for longer than its handler takes to give way: one that computes
// hears nothing. (PR_SET_PDEATHSIG would have the system kill it at once; but that is Linux's alone, wants the addon, and is told
// of the end of the thread that has started it, not of its process.)
process.on("disconnect", () => process.exit());
// It has ended already; or somebody has started this by hand.
if (!process.connected) process.exit();

process.once("message", (message: ToChild) => {
  if (message.type !== "config") return;
  void import("./run-requests.js").then(({ startWorker }) => startWorker(message.config));
});
