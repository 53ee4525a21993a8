/**
 * The transports that tests run over: those of this machine. A later one adds itself here.
 *
 * @module
 */

import { nativeTransport, nodeTransport, type Transport } from "ts-socketserver/transport";

/** Every transport that is there, Node's first. */
export const transports: readonly Transport[] =
  nativeTransport === null ? [nodeTransport] : [nodeTransport, nativeTransport];
