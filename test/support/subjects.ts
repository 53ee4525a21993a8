/**
 * The subjects of the contract suites: every server class on every transport, one row each. A new way of running requests,
 * or a new transport, adds rows here and nothing elsewhere.
 *
 * @module
 */

import {
  type Address,
  type DatagramServer,
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixDatagramServer,
  ForkingUnixStreamServer,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  MultiplexingUnixStreamServer,
  type ServerOptions,
  type StreamServer,
  TCPServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixDatagramServer,
  ThreadingUnixStreamServer,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "ts-socketserver";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
import { nodeTransport, type Transport, type TransportName } from "ts-socketserver/transport";
import { movesToThreads } from "./node-version.js";
import { temporaryPath } from "./temporary-path.js";
import { transports } from "./transports.js";

/** What every client of a subject can do. */
export interface SubjectClient extends AsyncDisposable {
  /** Sends a text; over datagrams, as one. */
  send(text: string): Promise<void>;
  /** The next line; over datagrams, the next datagram. */
  receive(): Promise<string>;
}

interface Row<Server extends StreamServer | DatagramServer, Kind extends string> {
  /** The class's name, which CPython's tests are called by. */
  readonly name: string;
  readonly kind: Kind;
  /** How requests run. */
  readonly model: "plain" | "multiplexing" | "threading" | "forking";
  readonly transport: TransportName;
  /** Where the transport lacks such sockets, or cannot move them: what the refusal says. */
  readonly refusal?: RegExp;
  readonly ServerClass: new (
    address: Address,
    handler: Server extends StreamServer
      ? ConstructorParameters<typeof TCPServer>[1]
      : ConstructorParameters<typeof UDPServer>[1],
    options?: ServerOptions,
  ) => Server;
  /** An address that is free. */
  makeAddress(): Address;
  makeClient(address: Address): Promise<SubjectClient>;
}

/** A stream server on a transport. */
export type StreamSubject = Row<StreamServer, "stream">;
/** A datagram server on a transport. */
export type DatagramSubject = Row<DatagramServer, "datagram">;
/** Any server on a transport. */
export type Subject = StreamSubject | DatagramSubject;

const inet = (): Address => ["127.0.0.1", 0];

async function streamClient(address: Address): Promise<SubjectClient> {
  const client = await StreamTestClient.connect(address);
  return {
    send: (text) => client.write(text),
    receive: () => client.readLine(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function datagramClient(address: Address): Promise<SubjectClient> {
  const client = await DatagramTestClient.open(address);
  return {
    send: (text) => client.send(text),
    receive: () => client.receive(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const tcp = { kind: "stream", makeAddress: inet, makeClient: streamClient } as const;
const udp = { kind: "datagram", makeAddress: inet, makeClient: datagramClient } as const;
const unixStream = { kind: "stream", makeAddress: temporaryPath, makeClient: streamClient } as const;
const unixDatagram = { kind: "datagram", makeAddress: temporaryPath, makeClient: datagramClient } as const;

const plain = { model: "plain" } as const;
const multiplexing = { model: "multiplexing" } as const;
const threading = { model: "threading" } as const;
const forking = { model: "forking" } as const;

/** Threads and processes cost more than requests: one of them is enough for each server. */
const FIELDS = { plain: {}, multiplexing: {}, threading: { threads: 1 }, forking: { children: 1 } } as const;

/** The rows of one transport. Its servers are subclasses that name it, and are called as the class that they stand for. */
function on<Subject extends StreamSubject | DatagramSubject>(
  transport: Transport,
  rows: readonly Omit<Subject, "transport">[],
): Subject[] {
  return rows.map((row) => {
    const ServerClass = row.ServerClass as typeof TCPServer;
    const OnTransport = class extends ServerClass {
      override transport: Transport | undefined = transport;
      constructor(...parameters: ConstructorParameters<typeof TCPServer>) {
        super(...parameters);
        Object.assign(this, FIELDS[row.model]);
      }
    };
    Object.defineProperty(OnTransport, "name", { value: row.name });
    const refusal = transport === nodeTransport ? refusalByNode(row) : undefined;
    return { ...row, ServerClass: OnTransport, transport: transport.name, refusal } as unknown as Subject;
  });
}

/** What the Node transport cannot do. */
function refusalByNode({ kind, makeAddress, model }: Omit<Subject, "transport">): RegExp | undefined {
  const isUnix = makeAddress === temporaryPath;
  if (kind === "datagram") {
    return isUnix ? /The Node transport has no Unix datagram sockets .* the native transport has/ : undefined;
  }
  if (model !== "threading") return undefined;
  const ways = "Use the native transport .*, or a Forking or Multiplexing server";
  if (isUnix) return new RegExp(`The node transport cannot hand Unix streams to threads, .* TCP alone .*${ways}`);
  if (movesToThreads) return undefined;
  return new RegExp(`The node transport cannot hand connections to threads, .* from 24\\.20 and 26\\.6 on .*${ways}`);
}

const streamRows: readonly Omit<StreamSubject, "transport">[] = [
  { name: "TCPServer", ServerClass: TCPServer, ...tcp, ...plain },
  { name: "MultiplexingTCPServer", ServerClass: MultiplexingTCPServer, ...tcp, ...multiplexing },
  { name: "UnixStreamServer", ServerClass: UnixStreamServer, ...unixStream, ...plain },
  { name: "MultiplexingUnixStreamServer", ServerClass: MultiplexingUnixStreamServer, ...unixStream, ...multiplexing },
];

const datagramRows: readonly Omit<DatagramSubject, "transport">[] = [
  { name: "UDPServer", ServerClass: UDPServer, ...udp, ...plain },
  { name: "MultiplexingUDPServer", ServerClass: MultiplexingUDPServer, ...udp, ...multiplexing },
  { name: "UnixDatagramServer", ServerClass: UnixDatagramServer, ...unixDatagram, ...plain },
  {
    name: "MultiplexingUnixDatagramServer",
    ServerClass: MultiplexingUnixDatagramServer,
    ...unixDatagram,
    ...multiplexing,
  },
];

/** Whose handlers have to name their module, as those of contract-handlers.mjs do. */
const remoteStreamRows = [
  { name: "ThreadingTCPServer", ServerClass: ThreadingTCPServer, ...tcp, ...threading },
  { name: "ThreadingUnixStreamServer", ServerClass: ThreadingUnixStreamServer, ...unixStream, ...threading },
  { name: "ForkingTCPServer", ServerClass: ForkingTCPServer, ...tcp, ...forking },
  { name: "ForkingUnixStreamServer", ServerClass: ForkingUnixStreamServer, ...unixStream, ...forking },
] as unknown as readonly Omit<StreamSubject, "transport">[];

const remoteDatagramRows = [
  { name: "ThreadingUDPServer", ServerClass: ThreadingUDPServer, ...udp, ...threading },
  { name: "ThreadingUnixDatagramServer", ServerClass: ThreadingUnixDatagramServer, ...unixDatagram, ...threading },
  { name: "ForkingUDPServer", ServerClass: ForkingUDPServer, ...udp, ...forking },
  { name: "ForkingUnixDatagramServer", ServerClass: ForkingUnixDatagramServer, ...unixDatagram, ...forking },
] as unknown as readonly Omit<DatagramSubject, "transport">[];

/** The servers of streams that run their handlers in this thread: a handler may share memory with its test. */
export const streamSubjects: readonly StreamSubject[] = transports.flatMap((transport) => on(transport, streamRows));

/** The servers of datagrams that run their handlers in this thread. */
export const datagramSubjects: readonly DatagramSubject[] = transports.flatMap((transport) =>
  on(transport, datagramRows),
);

/** Every server of streams; the handlers are those of contract-handlers.mjs. */
export const allStreamSubjects: readonly StreamSubject[] = transports.flatMap((transport) =>
  on(transport, [...streamRows, ...remoteStreamRows]),
);

/** Every server of datagrams, likewise. */
export const allDatagramSubjects: readonly DatagramSubject[] = transports.flatMap((transport) =>
  on(transport, [...datagramRows, ...remoteDatagramRows]),
);
