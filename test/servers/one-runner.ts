/**
 * A bundled server in any model: within this process, but for its one thread or child process.
 *
 * @module
 */

import type { BaseServer, ServerOptions } from "ts-socketserver";
import type { BundledServer, ModelName } from "ts-socketserver/servers";
import { bundledServers } from "ts-socketserver/servers";
import { type RunningServer, serve } from "ts-socketserver/testing";
import type { Protocol } from "../../dist/cli/endpoint.js";
import { findModel, makeServer } from "../../dist/cli/models.js";
import { endpointFor } from "../cli/endpoints.js";

/** Threads and processes cost more than requests: one of them is enough. */
export const ONE_RUNNER: Readonly<Record<ModelName, object>> = {
  plain: {},
  multiplexing: {},
  threading: { threads: 1 },
  forking: { children: 1 },
};

/** The bundled server of a name. */
export function bundledServer(name: string): BundledServer {
  const found = bundledServers.find((bundled) => bundled.name === name);
  if (found === undefined) throw new Error(`There is no bundled server ${name}.`);
  return found;
}

/** Serves as the command does. */
export function serveBundled(
  bundled: BundledServer,
  model: ModelName,
  protocol: Protocol,
  { options = {}, settings = {} }: { options?: ServerOptions; settings?: Readonly<Record<string, unknown>> } = {},
): Promise<RunningServer<BaseServer>> {
  return serve(
    makeServer({
      bundled,
      model: findModel(bundled, model),
      endpoint: endpointFor(protocol),
      options: { shutdownTimeout: 1, ...ONE_RUNNER[model], ...options },
      settings,
    }),
  );
}
