/**
 * `ts-socketserver/transport`: how bytes move. Experimental: these interfaces may change in any version.
 *
 * A server or socket is given another transport by its option `transport`; a test puts faults between by wrapping one.
 *
 * @module
 */

export type { Capabilities } from "./core/transport/index.js";
export { capabilities, nativeTransport } from "./core/transport/index.js";
export { nodeTransport } from "./core/transport/node/transport.js";
export type {
  AcceptedConnection,
  AdoptedSocket,
  Channel,
  ChannelCounters,
  ChannelOwner,
  DescriptorMessage,
  KnownSocket,
  ReceivedDatagram,
  TransferableConnection,
  Transport,
  TransportFeatures,
  TransportName,
} from "./core/transport/transport.js";
