/**
 * Which transport is in use, what it can do, and why another one is not: the one place where that is chosen.
 *
 * @module
 */

import { isMainThread } from "node:worker_threads";
import { loadNativeAddon } from "./native/addon.js";
import { makeNativeTransport, type NativeTransport } from "./native/transport.js";
import { nodeTransport } from "./node/transport.js";
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

const loaded = loadNativeAddon();

/** The transport of system calls; `null` where the addon is not there, or not wanted. */
export const nativeTransport: NativeTransport | null = "addon" in loaded ? makeNativeTransport(loaded.addon) : null;

/** The transport that sockets use unless they are told otherwise. */
export const defaultTransport: Transport = nativeTransport ?? nodeTransport;

/** Warned, not thrown: a program that can do without is not kept from it, and `capabilities()` is there to ask. */
function warnUnlessFollowed(wanted: string | undefined): void {
  if (wanted === undefined || wanted === "" || wanted === defaultTransport.name) return;
  const problem =
    wanted === "native" && "reason" in loaded
      ? `the native transport, which is not there. ${loaded.reason}`
      : `the transport "${wanted}", which there is not: give node or native.`;
  const used = defaultTransport === nodeTransport ? "Node" : defaultTransport.name;
  process.emitWarning(`SOCKETSERVER_TRANSPORT asks for ${problem} Sockets use the ${used} transport.`);
}

// Once: the threads of a process are all told the same.
if (isMainThread) warnUnlessFollowed(process.env.SOCKETSERVER_TRANSPORT);

/**
 * Tells which transport is in use, what it can do, and why the other one is not in use.
 *
 * The environment variable `SOCKETSERVER_TRANSPORT` (`node` or `native`) asks for one of them. Where that is not there, the
 * process is warned, and sockets use the other one.
 *
 * @example
 * ```ts
 * const { transport, unixDatagrams } = capabilities();
 * ```
 */
export function capabilities(): Capabilities {
  const { name, features } = defaultTransport;
  if ("addon" in loaded) {
    const unavailable = { node: "The native transport can do more. SOCKETSERVER_TRANSPORT=node asks for this one." };
    return { transport: name, reason: "Its addon is there.", unavailable, ...features };
  }
  return { transport: name, reason: loaded.reason, unavailable: { native: loaded.reason }, ...features };
}
