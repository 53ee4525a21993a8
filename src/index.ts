/**
 * `ts-socketserver`: Python's `socketserver` for TypeScript and Node.js.
 *
 * Everything of `ts-socketserver/socket` is here too.
 *
 * @module
 */

// Servers
export type { ServeOptions } from "./core/base-server.js";
export { BaseServer } from "./core/base-server.js";
// Around them
export { defaults } from "./core/defaults.js";
export { ExitRequest } from "./core/errors.js";
export type {
  ClientEvent,
  CloseEvent,
  ConnectionCloseEvent,
  DatagramEvent,
  ErrorEvent,
  HandlerEvent,
  ListenEvent,
  PauseEvent,
  ServerEvent,
} from "./core/events.js";
export { isMain } from "./core/is-main.js";
// Handlers
export type { RequestHandler, RequestHandlerClass } from "./core/request-handler.js";
export { CLIENT_ADDRESS, LOGGER, REQUEST, SERVER } from "./core/request-handler.js";
export type { Isolation, ServerOptionName, ServerOptions } from "./core/server-options.js";
export { StreamServer, TCPServer } from "./core/tcp-server.js";
export type { DatagramRequest } from "./core/udp-server.js";
export { DatagramServer, UDPServer } from "./core/udp-server.js";
export { UnixDatagramServer, UnixStreamServer } from "./core/unix-server.js";
export { BaseRequestHandler } from "./handlers/base-request-handler.js";
export { DatagramRequestHandler } from "./handlers/datagram-request-handler.js";
export { StreamRequestHandler } from "./handlers/stream-request-handler.js";
// How requests run
export {
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  MultiplexingUnixStreamServer,
} from "./mixins/classes.js";
export type { Multiplexing } from "./mixins/multiplexing-mixin.js";
export { MultiplexingMixIn } from "./mixins/multiplexing-mixin.js";

// Sockets
export * from "./socket.js";
