/**
 * {@link runServer}: a bundled server from its start to its end.
 *
 * @module
 */

import { ExitRequest } from "../core/errors.js";
import { exampleCommand } from "./endpoint.js";
import { explainOpening } from "./errors.js";
import { onEscape } from "./escape-key.js";
import { makeServer, type ServerPlan } from "./models.js";
import type { Output } from "./output/output.js";
import { onStopSignal } from "./stop-signals.js";

/**
 * Serves until a signal, Esc where the server ends on it, or a handler ends it.
 *
 * @returns the exit code: 0 after a signal or Esc.
 * @throws CommandError when the server cannot be opened.
 */
export async function runServer(plan: ServerPlan, output: Output): Promise<number> {
  const { bundled, endpoint, model } = plan;
  await using server = makeServer({ ...plan, options: { ...plan.options, logger: output.logger } });
  await server.open().catch((error: unknown) => {
    throw explainOpening(error, endpoint);
  });
  const stop = onStopSignal((signal) => {
    output.stopping({ signal, clients: server.activeRequests, atMost: server.shutdownTimeout });
    // Closing ends serveForever() below, and the server's disposal waits for it.
    void server.serverClose();
  });
  using escapeKey = bundled.stopsOnEscape ? onEscape(() => stop("Esc")) : null;
  const real = { ...endpoint, address: server.serverAddress };
  const tryIt = exampleCommand(real, bundled.example);
  output.serving({ endpoint: real, model: model.name, tryIt, stopsOnEscape: escapeKey !== null });
  try {
    await server.serveForever();
  } catch (error) {
    if (error instanceof ExitRequest) return error.exitCode;
    throw error;
  }
  return 0;
}
