/**
 * The options of servers: which there are, and how they come to a server.
 *
 * @module
 */

import type { ResourceLimits } from "node:worker_threads";
import type { Logger } from "pino";
import type { DependencyContainer } from "tsyringe";
import { isDuration } from "../checks.js";
import { type AddressFamily, AF_INET, AF_INET6, AF_UNIX } from "../constants.js";
import type { Transport } from "../transport/transport.js";

/**
 * What a server can be given as its last argument. Each may also be a class field, as in Python
 * (`override allowReuseAddress = false`); an option wins over the field. Options are applied when the server opens (the fields
 * of a subclass are set only after the constructor), over whatever was assigned before. Durations are seconds.
 */
export interface ServerOptions {
  /** How long `handleRequest()` waits before it calls `handleTimeout()`; `null`, the default, for ever. */
  readonly timeout?: number | null;
  /** `AF_INET` (the default) or `AF_INET6`. */
  readonly addressFamily?: AddressFamily;
  /** Connections that may wait to be accepted; 511. Stream servers. */
  readonly requestQueueSize?: number;
  /** Bind to a port whose last connections are still winding down; true for streams, false for datagrams. */
  readonly allowReuseAddress?: boolean;
  /** Share the port with other servers that say so too; false. Needs Node 22.12 on the Node transport. */
  readonly allowReusePort?: boolean;
  /** How much of a datagram is received, in bytes; 8192. Datagram servers. */
  readonly maxPacketSize?: number;
  /** Whether `serverClose()` waits for handlers that are running; true. */
  readonly blockOnClose?: boolean;
  /** How long it waits before it cuts them off; 15. */
  readonly shutdownTimeout?: number;
  /** Requests that run at once; 10,000. Multiplexing servers. */
  readonly maxConnections?: number;
  /**
   * What an error ends that a handler leaves unhandled; `"end-request"`. Multiplexing servers.
   *
   * - `"end-request"`: also what a handler leaves unhandled (a rejection that nobody awaits, an error in a timer) ends its own
   *   request alone. Before Node 24 following it costs about a tenth of the throughput of small messages.
   * - `"end-process"`: only what `handle()` throws or rejects with. What is left unhandled ends the process, as ever in Node.
   *   A handler must not await the server's `serverClose()`, nor one of the server's own methods (`verifyRequest()`,
   *   `serviceActions()`) its `shutdown()` or `serverClose()`: each would wait for who waits for it.
   */
  readonly unhandledErrors?: UnhandledErrors;
  /** Worker threads; as many as the machine has processors. Threading servers. */
  readonly threads?: number;
  /** Threads at most, where blocking handlers need one each; 64. Threading servers. */
  readonly maxThreads?: number;
  /** After how long a request is broken off; `null`, the default, for never. Servers that run handlers in threads or processes. */
  readonly requestTimeout?: number | null;
  /** Whether handlers that are running neither keep `serverClose()` waiting nor the process alive; false. Threading servers. */
  readonly daemonThreads?: boolean;
  /** Bounds of each thread's memory, as `node:worker_threads` has them. Threading servers. */
  readonly resourceLimits?: ResourceLimits;
  /** Child processes that are started ahead; as many as the machine has processors. Forking servers. */
  readonly children?: number;
  /** Child processes that there may be; 40. Forking servers. */
  readonly maxChildren?: number;
  /** Requests that a child process runs at once, before another is started; no limit. Forking servers. */
  readonly requestsPerChild?: number;
  /** Where the server logs: a pino logger. By default one of its own, on stderr, from level `warn`. */
  readonly logger?: Logger;
  /** The tsyringe container that handlers with injected constructors are made from; by default tsyringe's own. */
  readonly container?: DependencyContainer;
  /** How bytes move; by default what `capabilities()` names. */
  readonly transport?: Transport;
}

/** See {@link ServerOptions.unhandledErrors}. */
export type UnhandledErrors = "end-request" | "end-process";

/** An option's name. */
export type ServerOptionName = keyof ServerOptions;

const CHECKS: Readonly<Partial<Record<ServerOptionName, { valid(value: unknown): boolean; wanted: string }>>> = {
  timeout: { valid: (value) => value === null || isDuration(value), wanted: "seconds (0 or more), or null" },
  addressFamily: { valid: isFamily, wanted: "AF_INET, AF_INET6 or AF_UNIX" },
  requestQueueSize: { valid: isCount, wanted: "a whole number from 1" },
  maxPacketSize: { valid: isCount, wanted: "a whole number of bytes from 1" },
  maxConnections: { valid: isCount, wanted: "a whole number from 1" },
  requestTimeout: { valid: (value) => value === null || isDuration(value), wanted: "seconds (0 or more), or null" },
  threads: { valid: isCount, wanted: "a whole number from 1" },
  maxThreads: { valid: isCount, wanted: "a whole number from 1" },
  children: { valid: isCount, wanted: "a whole number from 1" },
  maxChildren: { valid: isCount, wanted: "a whole number from 1" },
  requestsPerChild: {
    valid: (value) => isCount(value) || value === Number.POSITIVE_INFINITY,
    wanted: "a whole number from 1, or Infinity",
  },
  daemonThreads: { valid: isBoolean, wanted: "true or false" },
  unhandledErrors: {
    valid: (value) => value === "end-request" || value === "end-process",
    wanted: '"end-request" or "end-process"',
  },
  shutdownTimeout: { valid: isDuration, wanted: "seconds (0 or more)" },
  allowReuseAddress: { valid: isBoolean, wanted: "true or false" },
  allowReusePort: { valid: isBoolean, wanted: "true or false" },
  blockOnClose: { valid: isBoolean, wanted: "true or false" },
  logger: { valid: isLogger, wanted: "a pino logger" },
};

function isFamily(value: unknown): boolean {
  return value === AF_INET || value === AF_INET6 || value === AF_UNIX;
}
function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}
function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}
/** Whether a value has what is called of a logger: `console`, for one, has no levels. */
function isLogger(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const methods = ["isLevelEnabled", "child", "debug", "info", "warn", "error"];
  return methods.every((name) => typeof Reflect.get(value, name) === "function");
}

/**
 * Refuses options that a class does not have.
 *
 * @throws TypeError naming the option and those there are.
 */
export function refuseUnknownOptions(
  className: string,
  options: ServerOptions,
  known: readonly ServerOptionName[],
): void {
  for (const name of Object.keys(options)) {
    if (known.some((one) => one === name)) continue;
    throw new TypeError(`${className} has no option "${name}". Its options are: ${known.join(", ")}.`);
  }
}

/**
 * Checks a server's settings, wherever they came from.
 *
 * @throws RangeError naming the setting, its value and what would be right.
 */
export function checkSettings(className: string, settings: object, known: readonly ServerOptionName[]): void {
  for (const name of known) {
    const check = CHECKS[name];
    const value: unknown = Reflect.get(settings, name);
    if (check !== undefined && value !== undefined && !check.valid(value)) {
      throw new RangeError(`Cannot use ${String(value)} as ${className}.${name}: it takes ${check.wanted}.`);
    }
  }
}
