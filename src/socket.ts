/**
 * `ts-socketserver/socket`: Python's `socket` module. Sockets, their constants and streams, and the functions about names,
 * addresses and byte order.
 *
 * @module
 */

export type { Address, InetAddress, UnixAddress } from "./core/address/address.js";
export {
  checkPort,
  familyOf,
  formatAddress,
  isInetAddress,
  parseAddress,
  parseTarget,
} from "./core/address/address.js";
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
export type { Service, ServiceProtocol } from "./core/address/services.js";
export { getservbyname, getservbyport, wellKnownServices } from "./core/address/services.js";
export { BlockingSocket } from "./core/blocking/socket.js";
export type { BlockingSocketOptions } from "./core/blocking/socket-base.js";
export type { AddressFamily, SocketKind } from "./core/constants.js";
export {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  INADDR_ANY,
  INADDR_BROADCAST,
  INADDR_LOOPBACK,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  MSG_DONTWAIT,
  MSG_PEEK,
  NI_DGRAM,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PEERCRED,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SOMAXCONN,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT,
} from "./core/constants.js";
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
export type { ConnectionOptions, CreateServerOptions } from "./core/socket/connect.js";
export { createConnection, createServer, hasDualstackIpv6, hasIpv6, socketpair } from "./core/socket/connect.js";
export type { SocketOptions } from "./core/socket/event-socket.js";
export type { Datagram } from "./core/socket/socket.js";
export { Socket } from "./core/socket/socket.js";
export { getdefaulttimeout, setdefaulttimeout } from "./core/socket/timeout.js";
export type { BlockingByteSink, BlockingByteSource, ByteSink, ByteSource } from "./core/stream/byte-stream.js";
export { toBytes } from "./core/stream/byte-stream.js";
export type { BlockingFileOfMode, FileMode, FileOfMode, MakefileOptions } from "./core/stream/makefile.js";
export {
  BlockingStreamReaderWriter,
  BlockingTextReaderWriter,
  makefile,
  StreamReaderWriter,
  TextReaderWriter,
} from "./core/stream/makefile.js";
export type { StreamReaderOptions } from "./core/stream/reader.js";
export { BlockingStreamReader, StreamReader } from "./core/stream/reader.js";
export type { EncodingErrors, Newline, TextStreamOptions } from "./core/stream/text.js";
export { BlockingTextReader, BlockingTextWriter, TextReader, TextWriter } from "./core/stream/text.js";
export type { BlockingStreamWriterOptions, StreamWriterOptions } from "./core/stream/writer.js";
export { BlockingStreamWriter, StreamWriter } from "./core/stream/writer.js";
export { nextTurn } from "./core/turn.js";
