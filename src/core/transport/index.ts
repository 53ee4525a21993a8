/**
 * Which transport is in use, what it can do, and why another one is not: the one place where that is chosen.
 *
 * @module
 */

import { nodeTransport } from "./node-transport.js";
import type { Transport, TransportFeatures, TransportName } from "./transport.js";

/** What {@link capabilities} tells. */
export interface Capabilities extends TransportFeatures {
  /** The transport that sockets use unless they are told otherwise. */
  readonly transport: TransportName;
  /** Why it is this one, in a sentence. */
  readonly reason: string;
  /** The transports that are not in use, each with the reason in a sentence. */
  readonly unavailable: Readonly<Partial<Record<TransportName, string>>>;
}

const NATIVE_MISSING = "The native transport is not part of this version.";

/** The transport that sockets use unless they are told otherwise. */
export const defaultTransport: Transport = nodeTransport;

/**
 * Tells which transport is in use, what it can do, and why the other one is not in use.
 *
 * The environment variable `SOCKETSERVER_TRANSPORT` (`node` or `native`) asks for one of them.
 *
 * @example
 * ```ts
 * const { transport, unixDatagrams } = capabilities();
 * ```
 */
export function capabilities(): Capabilities {
  const wanted = process.env.SOCKETSERVER_TRANSPORT;
  const reason = wanted === "node" ? "SOCKETSERVER_TRANSPORT asks for it." : `It is the only one. ${NATIVE_MISSING}`;
  return {
    transport: defaultTransport.name,
    reason,
    unavailable: { native: NATIVE_MISSING },
    ...defaultTransport.features,
  };
}
