/**
 * `ts-socketserver`: Python's `socketserver` for TypeScript and Node.js.
 *
 * Everything of `ts-socketserver/socket` and `ts-socketserver/selectors` is here too.
 *
 * @module
 */

// Around them
export { defaults } from "./core/defaults.js";
export { ExitRequest } from "./core/errors.js";
// Servers
export type { ServeOptions } from "./core/server/base-server.js";
export { BaseServer } from "./core/server/base-server.js";
export type { BlockingHandler, BlockingRequestHandlerClass } from "./core/server/blocking-handler.js";
export { TCPServer, UDPServer, UnixDatagramServer, UnixStreamServer } from "./core/server/classes.js";
export { DatagramServer } from "./core/server/datagram-server.js";
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
} from "./core/server/events.js";
export type { RequestHandler, RequestHandlerClass } from "./core/server/handler.js";
export { CLIENT_ADDRESS_TOKEN, LOGGER_TOKEN, REQUEST_TOKEN, SERVER_TOKEN } from "./core/server/handler.js";
export { isMain } from "./core/server/is-main.js";
export type { ServerOptionName, ServerOptions, UnhandledErrors } from "./core/server/options.js";
// Handlers
export type { BlockingDatagramRequest, DatagramRequest } from "./core/server/requests.js";
export { serveAll } from "./core/server/serve-all.js";
export { StreamServer } from "./core/server/stream-server.js";
export { BaseRequestHandler } from "./handlers/base.js";
export type { BlockingRemoteServer } from "./handlers/blocking-base.js";
export { BlockingRequestHandler } from "./handlers/blocking-base.js";
export { BlockingDatagramRequestHandler } from "./handlers/blocking-datagram.js";
export { BlockingStreamRequestHandler } from "./handlers/blocking-stream.js";
export { DatagramRequestHandler } from "./handlers/datagram.js";
export { StreamRequestHandler } from "./handlers/stream.js";
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
export type { Forking } from "./mixins/forking.js";
export { ForkingMixIn } from "./mixins/forking.js";
export type { Multiplexing } from "./mixins/multiplexing.js";
export { MultiplexingMixIn } from "./mixins/multiplexing.js";
export type { PooledServerClass } from "./mixins/pool/pooled-mixin.js";
export type { Threading } from "./mixins/threading.js";
export { ThreadingMixIn } from "./mixins/threading.js";
export type { RemoteServer } from "./mixins/wire/remote-server.js";

// Which sockets and servers are ready
export * from "./selectors.js";
// Sockets
export * from "./socket.js";
