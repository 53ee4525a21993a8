/**
 * {@link JsonOutput}: for programs. Every line is an object of pino's.
 *
 * @module
 */

import { type DestinationStream, type Logger, pino } from "pino";
import { formatAddress } from "../../core/address/address.js";
import { serializers } from "../../core/server/logging.js";
import { formatEndpoint, listensOnAllInterfaces } from "../endpoint.js";
import type { Output, OutputOptions, ServingNotice, StoppingNotice } from "./output.js";

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

/** Tells everything as lines of JSON. */
export class JsonOutput implements Output {
  readonly logger: Logger;

  constructor(name: string, destination: DestinationStream, options: OutputOptions = {}) {
    this.logger = commandLogger(name, options, destination);
  }

  serving({ endpoint, model, tryIt, stopsOnEscape = false }: ServingNotice): void {
    const { protocol, address } = endpoint;
    const fields = {
      protocol,
      serverAddress: formatAddress(address),
      allInterfaces: listensOnAllInterfaces(endpoint),
      model,
      tryIt,
      stopsOnEscape,
    };
    this.logger.info(fields, `serving ${formatEndpoint(endpoint)} (${model})`);
  }

  stopping(notice: StoppingNotice): void {
    this.logger.info(notice, "stopping");
  }
}
