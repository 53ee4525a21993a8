/**
 * The command's logger: what it adds to the log of a server, and what it leaves out.
 *
 * @module
 */

import { type DestinationStream, type Logger, pino } from "pino";
import { serializers } from "../../core/server/logging.js";
import type { OutputOptions } from "./output.js";

/** What the server says that the command says better: where it listens, with the way to reach it. */
const SAID_BETTER = "listening";

/** Makes the logger. The library's own is quiet; the command's tells of every connection. */
export function commandLogger(name: string, { quiet = false }: OutputOptions, destination: DestinationStream): Logger {
  const options = {
    name,
    level: quiet ? "error" : "info",
    serializers,
    hooks: {
      logMethod(this: Logger, inputs: Parameters<pino.LogFn>, method: pino.LogFn): void {
        if (!inputs.some((input: unknown) => input === SAID_BETTER)) method.apply(this, inputs);
      },
    },
  };
  return pino(options, destination);
}
