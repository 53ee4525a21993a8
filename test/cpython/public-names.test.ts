/**
 * CPython's `test_all` (Lib/test/test_socketserver.py): the lists of public names, to be changed on purpose only.
 */

import { readFileSync } from "node:fs";
import * as everything from "ts-socketserver";
import * as clients from "ts-socketserver/clients";
import * as framing from "ts-socketserver/framing";
import * as selectors from "ts-socketserver/selectors";
import * as servers from "ts-socketserver/servers";
import * as socketModule from "ts-socketserver/socket";
import * as testing from "ts-socketserver/testing";
import * as transport from "ts-socketserver/transport";
import { describe, expect, it } from "vitest";

const names = (text: string): string[] => text.trim().split(/\s+/);

/** `ts-socketserver/socket`: Python's `socket` module. */
const SOCKET = [
  // The class of sockets and what reads and writes
  ...names(`
    Socket StreamReader StreamReaderWriter StreamWriter TextReader TextReaderWriter TextWriter makefile
    BlockingSocket BlockingStreamReader BlockingStreamReaderWriter BlockingStreamWriter BlockingTextReader
    BlockingTextReaderWriter BlockingTextWriter
  `),
  // Errors
  ...names(`
    BlockingIOError BrokenPipeError BusyResourceError ClosedResourceError ConnectionAbortedError ConnectionError
    ConnectionRefusedError ConnectionResetError FileNotFoundError GaiError HError IncompleteReadError
    InterruptedError LimitOverrunError OSError PermissionError TimeoutError UnsupportedOperation closedError codeOf osError
    strerror
  `),
  // Constants
  ...names(`
    AF_INET AF_INET6 AF_UNIX AF_UNSPEC AI_CANONNAME AI_NUMERICHOST AI_NUMERICSERV AI_PASSIVE INADDR_ANY
    INADDR_BROADCAST INADDR_LOOPBACK IPPROTO_ICMP IPPROTO_ICMPV6 IPPROTO_IP IPPROTO_IPV6 IPPROTO_TCP IPPROTO_UDP
    IPV6_V6ONLY IP_TTL MSG_DONTWAIT MSG_PEEK NI_DGRAM
    NI_NAMEREQD NI_NUMERICHOST NI_NUMERICSERV SHUT_RD SHUT_RDWR SHUT_WR SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET SOCK_STREAM SOL_SOCKET SOMAXCONN SO_ACCEPTCONN
    SO_BROADCAST SO_DOMAIN SO_ERROR SO_KEEPALIVE SO_LINGER SO_OOBINLINE SO_PEERCRED SO_PROTOCOL SO_RCVBUF
    SO_RCVTIMEO SO_REUSEADDR SO_REUSEPORT SO_SNDBUF SO_SNDTIMEO SO_TYPE TCP_CORK TCP_DEFER_ACCEPT TCP_FASTOPEN
    TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_NODELAY TCP_QUICKACK TCP_USER_TIMEOUT
  `),
  // Functions
  ...names(`
    checkPort createConnection createServer familyOf formatAddress getaddrinfo getdefaulttimeout getfqdn gethostbyaddr
    gethostbyname gethostbynameEx gethostname getnameinfo getservbyname getservbyport hasDualstackIpv6 hasIpv6
    htonl htons inetAton inetNtoa inetNtop inetPton isInetAddress nextTurn ntohl ntohs parseAddress parseTarget setdefaulttimeout
    socketpair toBytes wellKnownServices
  `),
];

/** `ts-socketserver/selectors`: Python's `select` and `selectors` modules. */
const SELECTORS = names(`
  DefaultSelector EVENT_READ EVENT_WRITE select
`);

/** `ts-socketserver`: what a server's program needs. */
const SERVERS = [
  // Servers
  ...names(`
    BaseServer DatagramServer MultiplexingTCPServer MultiplexingUDPServer MultiplexingUnixDatagramServer
    MultiplexingUnixStreamServer StreamServer TCPServer UDPServer UnixDatagramServer UnixStreamServer
    ForkingTCPServer ForkingUDPServer ForkingUnixDatagramServer ForkingUnixStreamServer
    ThreadingTCPServer ThreadingUDPServer ThreadingUnixDatagramServer ThreadingUnixStreamServer
  `),
  // Mix-ins
  ...names(`
    ForkingMixIn MultiplexingMixIn ThreadingMixIn
  `),
  // Handlers
  ...names(`
    BlockingDatagramRequestHandler BlockingRequestHandler BlockingStreamRequestHandler
    BaseRequestHandler CLIENT_ADDRESS_TOKEN DatagramRequestHandler LOGGER_TOKEN REQUEST_TOKEN SERVER_TOKEN StreamRequestHandler
  `),
  // Around them
  ...names(`
    CAPACITY_PAUSE MAX_SECONDS checkBound classifyAcceptError defaults events isMain serveAll serializers
  `),
  // Errors
  ...names(`
    BlockingIOError BrokenPipeError BusyResourceError ClosedResourceError ConnectionAbortedError ConnectionError
    ConnectionRefusedError ConnectionResetError ExitRequest FileNotFoundError GaiError HError IncompleteReadError
    InterruptedError LimitOverrunError OSError PermissionError TimeoutError UnsupportedOperation closedError codeOf osError
    strerror
  `),
  // Sockets, as far as a server's program needs them
  ...names(`
    AF_INET AF_INET6 AF_UNIX BlockingSocket BlockingStreamReader BlockingStreamWriter Socket StreamReader StreamWriter
    capabilities createConnection formatAddress isInetAddress nextTurn parseAddress
  `),
];

/** `ts-socketserver/framing`: what cuts streams into messages. */
const FRAMING = names(`
  LengthPrefixedReader LengthPrefixedWriter prefixLength unprefixLength
`);

/** `ts-socketserver/transport`: how bytes move. */
const TRANSPORT = names(`
  capabilities nativeTransport nodeTransport
`);

/** `ts-socketserver/testing`: helpers for tests. */
const TESTING = names(`
  DatagramTestClient MemoryStream RunningServer StreamTestClient memoryStreamPair serve
`);

/** `ts-socketserver/servers`: servers that are ready to run; every new one adds its handlers and itself. */
const BUNDLED = names(`
  EchoDatagramHandler EchoStreamHandler GreetDatagramHandler GreetMixIn GreetStreamHandler UpperDatagramHandler
  UpperStreamHandler bundledServers echoServer greetServer upperServer
  ChargenDatagramHandler ChargenStreamHandler DaytimeDatagramHandler DaytimeStreamHandler DiscardDatagramHandler
  DiscardStreamHandler NameMixIn NameStreamHandler QotdDatagramHandler QotdMixIn QotdStreamHandler RespondDatagramHandler
  RespondMixIn TelnetFilter TelnetRequestHandler TimeDatagramHandler TimeStreamHandler chargenServer daytimeServer
  discardServer escapeTelnet nameServer qotdServer respondServer timeServer
  ChatMixIn ChatRoom ChatServer ChatStreamHandler JsonDatagramHandler JsonReader JsonScanner JsonStreamHandler
  ObjectCodec ObjectError ObjectsDatagramHandler ObjectsStreamHandler
  UnknownObject chatOver chatRoomServer classNameOf hostChat joinChat jsonServer objectsServer parseJson parseChatName
  HttpMixIn HttpStreamHandler ProxyMixIn ProxyStreamHandler SelectEcho TargetError httpServer proxyServer
`);

/** `ts-socketserver/clients`: clients and tools. */
const CLIENTS = names(`
  BadResponseError HttpResponse converse converseInDatagrams endSending findPorts httpGet linesOf portRangeOf portRanges readHttpResponse
  resolveName
`);

const ENTRY_POINTS = [
  { entry: ".", module: everything, expected: SERVERS },
  { entry: "./socket", module: socketModule, expected: SOCKET },
  { entry: "./selectors", module: selectors, expected: SELECTORS },
  { entry: "./framing", module: framing, expected: FRAMING },
  { entry: "./transport", module: transport, expected: TRANSPORT },
  { entry: "./servers", module: servers, expected: BUNDLED },
  { entry: "./clients", module: clients, expected: CLIENTS },
  { entry: "./testing", module: testing, expected: TESTING },
];

const fileOf = (path: string): URL => new URL(`../../${path}`, import.meta.url);

describe("test_all", () => {
  for (const { entry, module, expected } of ENTRY_POINTS) {
    it(`test_all: "${entry}" exports every public name, and no other`, () => {
      expect(Object.keys(module).sort()).toEqual(expected.sort());
    });
  }

  it("test_all: every entry point of package.json has its list here", () => {
    const { exports } = JSON.parse(readFileSync(fileOf("package.json"), "utf8"));
    const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
    const listed = ENTRY_POINTS.map(({ entry }) => entry);
    expect(entries.sort()).toEqual(listed.sort());
  });

  it("test_all: every class is exported under its own name", () => {
    const exported = Object.entries(everything);
    const classes = exported.filter(([, value]) => typeof value === "function" && /^class\b/.test(String(value)));
    expect(classes.length).toBeGreaterThan(20);
    for (const [name, value] of classes) expect(value).toHaveProperty("name", name);
  });
});
