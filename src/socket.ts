/**
 * `ts-socketserver/socket`: Python's `socket` module. Sockets, their constants, and the functions about names, addresses and
 * byte order.
 *
 * @module
 */

export type { Address, InetAddress, UnixAddress } from "./core/address.js";
export { formatAddress, isInetAddress, parseAddress } from "./core/address.js";
export type { BlockingFileOfMode } from "./core/blocking-makefile.js";
export { BlockingStreamReaderWriter, BlockingTextReaderWriter } from "./core/blocking-makefile.js";
export { BlockingSocket } from "./core/blocking-socket.js";
export type { BlockingSocketOptions } from "./core/blocking-socket-base.js";
export type { BlockingByteSource } from "./core/blocking-stream-reader.js";
export { BlockingStreamReader } from "./core/blocking-stream-reader.js";
export type { BlockingByteSink, BlockingStreamWriterOptions } from "./core/blocking-stream-writer.js";
export { BlockingStreamWriter } from "./core/blocking-stream-writer.js";
export { BlockingTextReader, BlockingTextWriter } from "./core/blocking-text-stream.js";
export { htonl, htons, inetAton, inetNtoa, inetNtop, inetPton, ntohl, ntohs } from "./core/byte-order.js";
export type { ByteSink, ByteSource } from "./core/byte-stream.js";
export * from "./core/constants.js";
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
  FileNotFoundError,
  GaiError,
  HError,
  IncompleteReadError,
  InterruptedError,
  LimitOverrunError,
  OSError,
  PermissionError,
  strerror,
  TimeoutError,
  UnsupportedOperation,
} from "./core/errors.js";
export type { FileMode, FileOfMode, MakefileOptions } from "./core/makefile.js";
export { makefile, StreamReaderWriter, TextReaderWriter } from "./core/makefile.js";
export type { AddressInformation } from "./core/name-resolution.js";
export {
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbynameEx,
  gethostname,
  getnameinfo,
} from "./core/name-resolution.js";
export type { ServiceProtocol } from "./core/services.js";
export { getservbyname, getservbyport } from "./core/services.js";
export type { Datagram } from "./core/socket.js";
export { Socket, socket } from "./core/socket.js";
export type { SocketOptions } from "./core/socket-base.js";
export type { ConnectionOptions, CreateServerOptions } from "./core/socket-functions.js";
export { createConnection, createServer, hasDualstackIpv6, hasIpv6, socketpair } from "./core/socket-functions.js";
export { getdefaulttimeout, setdefaulttimeout } from "./core/socket-timeout.js";
export type { StreamReaderOptions } from "./core/stream-reader.js";
export { StreamReader } from "./core/stream-reader.js";
export type { StreamWriterOptions } from "./core/stream-writer.js";
export { StreamWriter } from "./core/stream-writer.js";
export type { EncodingErrors, Newline, TextStreamOptions } from "./core/text-stream.js";
export { TextReader, TextWriter } from "./core/text-stream.js";
export type { Capabilities } from "./core/transport/index.js";
export { capabilities, nativeTransport } from "./core/transport/index.js";
export { nodeTransport } from "./core/transport/node-transport.js";
export type {
  AcceptedConnection,
  AdoptedSocket,
  Channel,
  ChannelCounters,
  ChannelOwner,
  ReceivedDatagram,
  Transport,
  TransportFeatures,
  TransportName,
} from "./core/transport/transport.js";
