/**
 * {@link JsonOutput}: for programs. Every line is an object of pino's.
 *
 * @module
 */

import type { DestinationStream, Logger } from "pino";
import { formatAddress } from "../../core/address/address.js";
import { formatEndpoint, listensOnAllInterfaces } from "../endpoint.js";
import { commandLogger } from "./command-logger.js";
import type { Output, OutputOptions, ServingNotice, StoppingNotice } from "./output.js";

/** Tells everything as lines of JSON. */
export class JsonOutput implements Output {
  readonly logger: Logger;

  constructor(name: string, destination: DestinationStream, options: OutputOptions = {}) {
    this.logger = commandLogger(name, options, destination);
  }

  serving({ endpoint, model, tryIt, endsOnEscape = false }: ServingNotice): void {
    const { protocol, address } = endpoint;
    const fields = {
      protocol,
      serverAddress: formatAddress(address),
      allInterfaces: listensOnAllInterfaces(endpoint),
      model,
      tryIt,
      endsOnEscape,
    };
    this.logger.info(fields, `serving ${formatEndpoint(endpoint)} (${model})`);
  }

  stopping(notice: StoppingNotice): void {
    this.logger.info(notice, "stopping");
  }
}
