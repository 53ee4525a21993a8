/**
 * `ts-socketserver`: Python's `socketserver` for TypeScript and Node.js.
 *
 * Servers, mix-ins, handlers and errors, and the few names of `ts-socketserver/socket` that a server's program needs.
 *
 * @module
 */

// Sockets, as far as a server's program needs them
export type { Address, InetAddress, UnixAddress } from "./core/address/address.js";
export { formatAddress, isInetAddress, parseAddress } from "./core/address/address.js";
export { BlockingSocket } from "./core/blocking/socket.js";
// Options, events, logs
export { checkBound, MAX_SECONDS } from "./core/checks.js";
export { AF_INET, AF_INET6, AF_UNIX } from "./core/constants.js";
export { defaults } from "./core/defaults.js";
// Errors
export type { OSErrorOptions } from "./core/errors.js";
export {
  BlockingIOError,
  BrokenPipeError,
  BusyResourceError,
  ClosedResourceError,
  ConnectionAbortedError,
  ConnectionError,
  ConnectionRefusedError,
  ConnectionResetError,
  closedError,
  codeOf,
  ExitRequest,
  FileNotFoundError,
  GaiError,
  HError,
  IncompleteReadError,
  InterruptedError,
  LimitOverrunError,
  OSError,
  osError,
  PermissionError,
  strerror,
  TimeoutError,
  UnsupportedOperation,
} from "./core/errors.js";
// Servers
export type { AcceptErrorKind } from "./core/server/accept-errors.js";
export { CAPACITY_PAUSE, classifyAcceptError } from "./core/server/accept-errors.js";
export type { ServeOptions } from "./core/server/base-server.js";
export { BaseServer } from "./core/server/base-server.js";
// Handlers
export type { BlockingHandler, BlockingRequestHandlerClass } from "./core/server/blocking-handler.js";
export { TCPServer, UDPServer, UnixDatagramServer, UnixStreamServer } from "./core/server/classes.js";
export { DatagramServer } from "./core/server/datagram-server.js";
export type {
  ClientEvent,
  CloseEvent,
  ConnectionCloseEvent,
  DatagramEvent,
  ErrorEvent,
  EventChannel,
  HandlerEvent,
  ListenEvent,
  PauseEvent,
  ReplyDropEvent,
  ServerEvent,
} from "./core/server/events.js";
export { events } from "./core/server/events.js";
export type { RequestHandler, RequestHandlerClass } from "./core/server/handler.js";
export { CLIENT_ADDRESS_TOKEN, LOGGER_TOKEN, REQUEST_TOKEN, SERVER_TOKEN } from "./core/server/handler.js";
export { isMain } from "./core/server/is-main.js";
export { serializers } from "./core/server/logging.js";
export type { ServerOptionName, ServerOptions, UnhandledErrors } from "./core/server/options.js";
export type { BlockingDatagramRequest, DatagramRequest } from "./core/server/requests.js";
export { serveAll } from "./core/server/serve-all.js";
export { StreamServer } from "./core/server/stream-server.js";
export { createConnection } from "./core/socket/connect.js";
export { Socket } from "./core/socket/socket.js";
export { BlockingStreamReader, StreamReader } from "./core/stream/reader.js";
export { BlockingStreamWriter, StreamWriter } from "./core/stream/writer.js";
export type { Capabilities } from "./core/transport/index.js";
export { capabilities } from "./core/transport/index.js";
export { nextTurn } from "./core/turn.js";
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
export type { AnyArguments, Multiplexing, ServerClass } from "./mixins/multiplexing.js";
export { MultiplexingMixIn } from "./mixins/multiplexing.js";
export type { PooledServerClass } from "./mixins/pool/pooled-mixin.js";
export type { Threading } from "./mixins/threading.js";
export { ThreadingMixIn } from "./mixins/threading.js";
export type { RemoteServer } from "./mixins/wire/remote-server.js";
