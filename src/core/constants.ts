/**
 * The constants of the `socket` module, with Linux's values.
 *
 * The Node transport only compares them, so there they mean the same on every system; the values matter where a system
 * call sees them.
 *
 * @module
 */

/** IPv4 addresses: `["127.0.0.1", 9999]`. */
export const AF_INET = 2;
/** IPv6 addresses: `["::1", 9999]`. */
export const AF_INET6 = 10;
/** Unix sockets: the address is a path. */
export const AF_UNIX = 1;
/** No preference: `getaddrinfo()` answers with every family. */
export const AF_UNSPEC = 0;

/** A stream of bytes over a connection: TCP, or a Unix stream. */
export const SOCK_STREAM = 1;
/** Separate messages without a connection: UDP, or Unix datagrams. */
export const SOCK_DGRAM = 2;
/** Direct access to the network layer. */
export const SOCK_RAW = 3;
/** Messages with kept boundaries over a connection. */
export const SOCK_SEQPACKET = 5;

/** Level of `setsockopt()`: the socket itself. */
export const SOL_SOCKET = 1;
/** Bind to a port whose last connections are still winding down. */
export const SO_REUSEADDR = 2;
/** The kind of the socket: `SOCK_STREAM` and so on. For reading. */
export const SO_TYPE = 3;
/** The number of the error that waits on the socket, which reading clears; 0 for none. */
export const SO_ERROR = 4;
/** Datagrams may be sent to a broadcast address. */
export const SO_BROADCAST = 6;
/** Size of the system's buffer for sending, in bytes. */
export const SO_SNDBUF = 7;
/** Size of the system's buffer for receiving, in bytes. */
export const SO_RCVBUF = 8;
/** Probe a silent connection, so that a peer that is gone is noticed. */
export const SO_KEEPALIVE = 9;
/** Urgent bytes (`MSG_OOB`) are received among the others. */
export const SO_OOBINLINE = 10;
/** What `close()` does with bytes that are not sent yet: C's `struct linger`. */
export const SO_LINGER = 13;
/** Share the port with other sockets that say so too. */
export const SO_REUSEPORT = 15;
/** Process, user and group at the other end of a Unix socket. For reading. */
export const SO_PEERCRED = 17;
/** The system's own time-out for receiving: C's `struct timeval`. `settimeout()` is what programs want. */
export const SO_RCVTIMEO = 20;
/** The system's own time-out for sending: C's `struct timeval`. `settimeout()` is what programs want. */
export const SO_SNDTIMEO = 21;
/** Whether the socket listens. For reading. */
export const SO_ACCEPTCONN = 30;
/** The number of the socket's protocol. For reading. */
export const SO_PROTOCOL = 38;
/** The socket's address family. For reading. */
export const SO_DOMAIN = 39;

/** Level of `setsockopt()`: IPv4. */
export const IPPROTO_IP = 0;
/** The protocol of `ping` over IPv4. */
export const IPPROTO_ICMP = 1;
/** Level of `setsockopt()`: TCP. */
export const IPPROTO_TCP = 6;
/** Level of `setsockopt()`: UDP. */
export const IPPROTO_UDP = 17;
/** Level of `setsockopt()`: IPv6. */
export const IPPROTO_IPV6 = 41;
/** The protocol of `ping` over IPv6. */
export const IPPROTO_ICMPV6 = 58;

/** How many routers an IPv4 packet may pass. */
export const IP_TTL = 2;
/** An IPv6 socket takes no IPv4 clients. */
export const IPV6_V6ONLY = 26;

/** Send small segments at once instead of collecting them (Nagle's algorithm off). */
export const TCP_NODELAY = 1;
/** Send full segments only, until it is switched off again. */
export const TCP_CORK = 3;
/** Seconds of silence before the first keep-alive probe. */
export const TCP_KEEPIDLE = 4;
/** Seconds between keep-alive probes. */
export const TCP_KEEPINTVL = 5;
/** Keep-alive probes without an answer until the connection is given up. */
export const TCP_KEEPCNT = 6;
/** Seconds that a new connection may wait for its first bytes before it is accepted without them. */
export const TCP_DEFER_ACCEPT = 9;
/** Acknowledge received segments at once. */
export const TCP_QUICKACK = 12;
/** Milliseconds (as the system has it) that sent bytes may stay unacknowledged before the connection is given up. */
export const TCP_USER_TIMEOUT = 18;
/** Take bytes that come with the first packet of a connection; the value is the length of the queue. */
export const TCP_FASTOPEN = 23;

/** Urgent bytes. */
export const MSG_OOB = 0x1;
/** Look at the bytes without taking them. */
export const MSG_PEEK = 0x2;
/** Tell the real length of a datagram that was cut. */
export const MSG_TRUNC = 0x20;
/** This call alone does not wait. */
export const MSG_DONTWAIT = 0x40;
/** Wait until the whole size asked for has arrived. */
export const MSG_WAITALL = 0x100;
/** No `SIGPIPE` when the peer no longer reads. Node ignores that signal anyway. */
export const MSG_NOSIGNAL = 0x4000;
/** More bytes follow: wait for them before sending. */
export const MSG_MORE = 0x8000;

/** `shutdown()`: no more receiving. */
export const SHUT_RD = 0;
/** `shutdown()`: no more sending; the peer reads the end of the stream. */
export const SHUT_WR = 1;
/** `shutdown()`: neither. */
export const SHUT_RDWR = 2;

/** The most connections a listening socket may queue. */
export const SOMAXCONN = 4096;

/** `getaddrinfo()`: an address to bind to. */
export const AI_PASSIVE = 0x1;
/** `getaddrinfo()`: ask for the canonical name. */
export const AI_CANONNAME = 0x2;
/** `getaddrinfo()`: the host must be a numeric address; no look-up is made. */
export const AI_NUMERICHOST = 0x4;
/** `getaddrinfo()`: the service must be a port number. */
export const AI_NUMERICSERV = 0x400;

/** `getnameinfo()`: answer with the numeric address; no look-up is made. */
export const NI_NUMERICHOST = 1;
/** `getnameinfo()`: answer with the port number. */
export const NI_NUMERICSERV = 2;
/** `getnameinfo()`: an address without a name is an error. */
export const NI_NAMEREQD = 8;
/** `getnameinfo()`: the service is one over UDP. */
export const NI_DGRAM = 16;

/** The address that stands for every interface of this machine. */
export const INADDR_ANY = 0;
/** This machine's own IPv4 address, 127.0.0.1, as a number. */
export const INADDR_LOOPBACK = 0x7f000001;
/** The IPv4 address of every machine of the network, 255.255.255.255, as a number. */
export const INADDR_BROADCAST = 0xffffffff;

/** {@link AF_INET}, {@link AF_INET6}, {@link AF_UNIX} or {@link AF_UNSPEC}. */
export type AddressFamily = typeof AF_INET | typeof AF_INET6 | typeof AF_UNIX | typeof AF_UNSPEC;
/** {@link SOCK_STREAM}, {@link SOCK_DGRAM}, {@link SOCK_RAW} or {@link SOCK_SEQPACKET}. */
export type SocketKind = typeof SOCK_STREAM | typeof SOCK_DGRAM | typeof SOCK_RAW | typeof SOCK_SEQPACKET;
