/**
 * `ts-socketserver`: Python's `socketserver` for TypeScript and Node.js.
 *
 * Everything of `ts-socketserver/socket` and `ts-socketserver/selectors` is here too.
 *
 * @module
 */

// Servers
export type { ServeOptions } from "./core/base-server.js";
export { BaseServer } from "./core/base-server.js";
// Handlers
export type { BlockingDatagramRequest, BlockingHandler, BlockingRequestHandlerClass } from "./core/blocking-handler.js";
// Around them
export { defaults } from "./core/defaults.js";
export { ExitRequest } from "./core/errors.js";
export type {
  ClientEvent,
  CloseEvent,
  ConnectionCloseEvent,
  DatagramEvent,
  DropEvent,
  ErrorEvent,
  HandlerEvent,
  ListenEvent,
  PauseEvent,
  ServerEvent,
} from "./core/events.js";
export { isMain } from "./core/is-main.js";
export type { RequestHandler, RequestHandlerClass } from "./core/request-handler.js";
export { CLIENT_ADDRESS, LOGGER, REQUEST, SERVER } from "./core/request-handler.js";
export { serveAll } from "./core/serve-all.js";
export type { Isolation, ServerOptionName, ServerOptions } from "./core/server-options.js";
export { StreamServer, TCPServer } from "./core/tcp-server.js";
export type { DatagramRequest } from "./core/udp-server.js";
export { DatagramServer, UDPServer } from "./core/udp-server.js";
export { UnixDatagramServer, UnixStreamServer } from "./core/unix-server.js";
export { BaseRequestHandler } from "./handlers/base-request-handler.js";
export { BlockingDatagramRequestHandler } from "./handlers/blocking-datagram-request-handler.js";
export type { BlockingRemoteServer } from "./handlers/blocking-request-handler.js";
export { BlockingRequestHandler } from "./handlers/blocking-request-handler.js";
export { BlockingStreamRequestHandler } from "./handlers/blocking-stream-request-handler.js";
export { DatagramRequestHandler } from "./handlers/datagram-request-handler.js";
export { StreamRequestHandler } from "./handlers/stream-request-handler.js";
// How requests run
export {
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  MultiplexingUnixStreamServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
} from "./mixins/classes.js";
export type { Forking } from "./mixins/forking-mixin.js";
export { ForkingMixIn } from "./mixins/forking-mixin.js";
export type { Multiplexing } from "./mixins/multiplexing-mixin.js";
export { MultiplexingMixIn } from "./mixins/multiplexing-mixin.js";
export type { RemoteServer } from "./mixins/remote-server.js";
export type { RunnerServerClass } from "./mixins/server-runners.js";
export type { Threading } from "./mixins/threading-mixin.js";
export { ThreadingMixIn } from "./mixins/threading-mixin.js";

// Which sockets and servers are ready
export * from "./selectors.js";
// Sockets
export * from "./socket.js";
