/**
 * `ts-socketserver/socket`: Python's `socket` module. Sockets, their constants, and the functions about names, addresses and
 * byte order.
 *
 * @module
 */

export type { Address, InetAddress, UnixAddress } from "./core/address/address.js";
export { formatAddress, isInetAddress, parseAddress } from "./core/address/address.js";
export { htonl, htons, inetAton, inetNtoa, inetNtop, inetPton, ntohl, ntohs } from "./core/address/inet.js";
export type { AddressInformation } from "./core/address/names.js";
export {
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname,
  gethostbynameEx,
  gethostname,
  getnameinfo,
} from "./core/address/names.js";
export type { ServiceProtocol } from "./core/address/services.js";
export { getservbyname, getservbyport } from "./core/address/services.js";
export { BlockingSocket } from "./core/blocking/socket.js";
export type { BlockingSocketOptions } from "./core/blocking/socket-base.js";
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
export type { ConnectionOptions, CreateServerOptions } from "./core/socket/connect.js";
export { createConnection, createServer, hasDualstackIpv6, hasIpv6, socketpair } from "./core/socket/connect.js";
export type { Datagram } from "./core/socket/socket.js";
export { Socket, socket } from "./core/socket/socket.js";
export type { SocketOptions } from "./core/socket/socket-base.js";
export { getdefaulttimeout, setdefaulttimeout } from "./core/socket/timeout.js";
export type { BlockingFileOfMode } from "./core/stream/blocking-makefile.js";
export { BlockingStreamReaderWriter, BlockingTextReaderWriter } from "./core/stream/blocking-makefile.js";
export type { BlockingByteSource } from "./core/stream/blocking-reader.js";
export { BlockingStreamReader } from "./core/stream/blocking-reader.js";
export { BlockingTextReader, BlockingTextWriter } from "./core/stream/blocking-text.js";
export type { BlockingByteSink, BlockingStreamWriterOptions } from "./core/stream/blocking-writer.js";
export { BlockingStreamWriter } from "./core/stream/blocking-writer.js";
export type { ByteSink, ByteSource } from "./core/stream/byte-stream.js";
export type { FileMode, FileOfMode, MakefileOptions } from "./core/stream/makefile.js";
export { makefile, StreamReaderWriter, TextReaderWriter } from "./core/stream/makefile.js";
export type { StreamReaderOptions } from "./core/stream/reader.js";
export { StreamReader } from "./core/stream/reader.js";
export type { EncodingErrors, Newline, TextStreamOptions } from "./core/stream/text.js";
export { TextReader, TextWriter } from "./core/stream/text.js";
export type { StreamWriterOptions } from "./core/stream/writer.js";
export { StreamWriter } from "./core/stream/writer.js";
export type { Capabilities } from "./core/transport/index.js";
export { capabilities, nativeTransport } from "./core/transport/index.js";
export { nodeTransport } from "./core/transport/node/transport.js";
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
