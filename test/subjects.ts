/**
 * The subjects of the contract suites: every server class on every transport, one row each. A new way of running requests,
 * or a new transport, adds rows here and nothing elsewhere.
 *
 * @module
 */

import {
  type Address,
  type DatagramServer,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixDatagramServer,
  MultiplexingUnixStreamServer,
  nodeTransport,
  type ServerOptions,
  type StreamServer,
  TCPServer,
  type Transport,
  type TransportName,
  UDPServer,
  UnixDatagramServer,
  UnixStreamServer,
} from "ts-socketserver";
import { DatagramTestClient, StreamTestClient } from "ts-socketserver/testing";
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
  readonly model: "plain" | "multiplexing";
  readonly transport: TransportName;
  /** Where the transport lacks such sockets: what the refusal says. */
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

/** The rows of one transport. Its servers are subclasses that name it, and are called as the class that they stand for. */
function on<Subject extends StreamSubject | DatagramSubject>(
  transport: Transport,
  rows: readonly Omit<Subject, "transport">[],
): Subject[] {
  return rows.map((row) => {
    const ServerClass = row.ServerClass as typeof TCPServer;
    const OnTransport = class extends ServerClass {
      override transport: Transport | undefined = transport;
    };
    Object.defineProperty(OnTransport, "name", { value: row.name });
    return { ...row, ServerClass: OnTransport, transport: transport.name } as unknown as Subject;
  });
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

const refusal = /The Node transport has no Unix datagram sockets .* the native transport has/;
const datagramRowsOnNode = datagramRows.map((row) => (row.makeAddress === temporaryPath ? { ...row, refusal } : row));

/** Every server of streams. */
export const streamSubjects: readonly StreamSubject[] = transports.flatMap((transport) => on(transport, streamRows));

/** Every server of datagrams. */
export const datagramSubjects: readonly DatagramSubject[] = transports.flatMap((transport) =>
  on(transport, transport === nodeTransport ? datagramRowsOnNode : datagramRows),
);
