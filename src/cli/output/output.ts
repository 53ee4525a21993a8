/**
 * {@link Output}: what the command tells while it serves.
 *
 * @module
 */

import type { Logger } from "pino";
import type { Endpoint } from "../endpoint.js";
import type { StopCause } from "../stop-signals.js";

/** What is told when the server listens. */
export interface ServingNotice {
  /** Where it really listens: a port 0 is replaced. */
  readonly endpoint: Endpoint;
  /** The name of the model. */
  readonly model: string;
  /** A line for a shell to try it with. */
  readonly tryIt: string;
  /** Whether Esc ends the server, as Ctrl-C does. */
  readonly stopsOnEscape?: boolean;
}

/** What is told when the server was asked to stop. */
export interface StoppingNotice {
  /** The signal, or `Esc`. */
  readonly signal: StopCause;
  /** How many clients it waits for. */
  readonly clients: number;
  /** Seconds after which it waits no longer. */
  readonly atMost: number;
}

/** Where the command tells what happens. Everything goes to one place, in the order in which it happens. */
export interface Output {
  /** The logger for the server. */
  readonly logger: Logger;
  /** The server listens. */
  serving(notice: ServingNotice): void;
  /** The server was asked to stop. */
  stopping(notice: StoppingNotice): void;
}

/** What the user asked for. */
export interface OutputOptions {
  /** Tell errors only. */
  readonly quiet?: boolean;
}
