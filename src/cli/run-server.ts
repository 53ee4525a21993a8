/**
 * {@link runServer}: a bundled server from its start to its end.
 *
 * @module
 */

import { ExitRequest } from "../core/errors.js";
import type { ServerOptions } from "../core/server-options.js";
import type { BundledServer } from "../servers/bundled-server.js";
import { type Endpoint, exampleCommand } from "./endpoint.js";
import { type Model, makeServer } from "./models.js";
import { explainOpening } from "./opening-errors.js";
import type { Output } from "./output.js";
import { onStopSignal } from "./stop-signals.js";

/** What to serve, where and how. */
export interface ServePlan {
  readonly bundled: BundledServer;
  readonly endpoint: Endpoint;
  readonly model: Model;
  readonly options: ServerOptions;
  readonly output: Output;
}

/**
 * Serves until a signal, or a handler, ends it.
 *
 * @returns the exit code: 0 after a signal.
 * @throws CommandError when the server cannot be opened.
 */
export async function runServer({ bundled, endpoint, model, options, output }: ServePlan): Promise<number> {
  await using server = makeServer(bundled, model, endpoint, { ...options, logger: output.logger });
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
