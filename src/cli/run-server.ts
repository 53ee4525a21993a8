/**
 * {@link runServer}: a bundled server from its start to its end.
 *
 * @module
 */

import { ExitRequest } from "../core/errors.js";
import { exampleCommand } from "./endpoint.js";
import { makeServer, type ServerPlan } from "./models.js";
import { explainOpening } from "./opening-errors.js";
import type { Output } from "./output.js";
import { onStopSignal } from "./stop-signals.js";

/**
 * Serves until a signal, or a handler, ends it.
 *
 * @returns the exit code: 0 after a signal.
 * @throws CommandError when the server cannot be opened.
 */
export async function runServer(plan: ServerPlan, output: Output): Promise<number> {
  const { bundled, endpoint, model } = plan;
  await using server = makeServer({ ...plan, options: { ...plan.options, logger: output.logger } });
  await server.open().catch((error: unknown) => {
    throw explainOpening(error, endpoint);
  });
  onStopSignal((signal) => {
    output.stopping({ signal, clients: server.activeRequests, atMost: server.shutdownTimeout });
    // Closing ends serveForever() below, and the server's disposal waits for it.
    void server.serverClose();
  });
  const real = { ...endpoint, address: server.serverAddress };
  output.serving({ endpoint: real, model: model.name, tryIt: exampleCommand(real, bundled.example) });
  try {
    await server.serveForever();
  } catch (error) {
    if (error instanceof ExitRequest) return error.exitCode;
    throw error;
  }
  return 0;
}
