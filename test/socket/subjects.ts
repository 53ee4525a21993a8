/**
 * The subjects of the contract of `Socket`: every transport, with every kind of address that it carries. The transport's
 * name stands in the title of every test.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { type Address, AF_INET, AF_INET6, AF_UNIX, isInetAddress, OSError, Socket } from "ts-socketserver";
import { type AddressFamily, SOCK_DGRAM, SOCK_STREAM } from "ts-socketserver/socket";
import { StreamTestClient } from "ts-socketserver/testing";
import type { Transport } from "ts-socketserver/transport";
import { temporaryPath } from "../support/temporary-path.js";
import { transports } from "../support/transports.js";

const hasLoopback6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

/** Why a family cannot be tested on this machine, or `null`. */
function missingFamily(family: AddressFamily): string | null {
  if (family === AF_INET6 && !hasLoopback6) return "this machine has no ::1";
  if (family === AF_UNIX && process.platform === "win32") return "Windows has no paths for sockets";
  return null;
}

function localAddress(family: AddressFamily): Address {
  if (family === AF_UNIX) return temporaryPath();
  return [family === AF_INET6 ? "::1" : "127.0.0.1", 0];
}

/** Closes what it was given, last first. */
class Owned implements AsyncDisposable {
  readonly #things: AsyncDisposable[];
  constructor(...things: AsyncDisposable[]) {
    this.#things = things;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of this.#things.reverse()) await thing[Symbol.asyncDispose]();
  }
}

/** Two sockets of ours, connected. */
export class Pair extends Owned {
  constructor(
    readonly client: Socket,
    readonly server: Socket,
    readonly listener: Socket,
  ) {
    super(listener, server, client);
  }
}

/** A socket of ours that was accepted, and at the other end a client that owes nothing to our sockets. */
export class Accepted extends Owned {
  constructor(
    readonly socket: Socket,
    readonly peer: StreamTestClient,
    readonly listener: Socket,
  ) {
    super(listener, socket, peer);
  }
}

class Subject {
  readonly title: string;
  readonly missing: string | null;
  constructor(
    readonly transport: Transport,
    readonly family: AddressFamily,
    name: string,
  ) {
    this.missing = missingFamily(family);
    const skipped = this.missing === null ? "" : ` (skipped: ${this.missing})`;
    this.title = `the ${transport.name} transport, ${name}${skipped}`;
  }

  /** Whether the system itself answers; otherwise Node does. */
  get isNative(): boolean {
    return this.transport.name === "native";
  }

  /** An address that nobody uses: port 0, or a new path. */
  address(): Address {
    return localAddress(this.family);
  }
}

/** Streams of one family over one transport. */
export class StreamSubject extends Subject {
  /** Whether the system knows at once what becomes of a connection. */
  get answersAtOnce(): boolean {
    return this.isNative && !this.isTcp;
  }

  /** Where TCP listens and connects. */
  get host(): string {
    const address = this.address();
    if (!isInetAddress(address)) throw new Error(`${this.title} has no host.`);
    return address[0];
  }

  get isTcp(): boolean {
    return this.family !== AF_UNIX;
  }

  socket(): Socket {
    return new Socket(this.family, SOCK_STREAM, 0, { transport: this.transport });
  }

  async listener(address = this.address()): Promise<Socket> {
    const socket = this.socket();
    await socket.bind(address);
    await socket.listen();
    return socket;
  }

  /** An address at which nobody listens any more. */
  async deadAddress(): Promise<Address> {
    await using listener = await this.listener();
    return listener.getsockname();
  }

  async pair(): Promise<Pair> {
    const listener = await this.listener();
    const client = this.socket();
    const [[server]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
    return new Pair(client, server, listener);
  }

  async accepted(): Promise<Accepted> {
    const listener = await this.listener();
    const [[socket], peer] = await Promise.all([listener.accept(), StreamTestClient.connect(listener.getsockname())]);
    return new Accepted(socket, peer, listener);
  }
}

/** Datagrams of one family over one transport. */
export class DatagramSubject extends Subject {
  socket(): Socket {
    return new Socket(this.family, SOCK_DGRAM, 0, { transport: this.transport });
  }

  async bound(): Promise<Socket> {
    const socket = this.socket();
    await socket.bind(this.address());
    return socket;
  }
}

export const streams: readonly StreamSubject[] = transports.flatMap((transport) => [
  new StreamSubject(transport, AF_INET, "TCP/IPv4"),
  new StreamSubject(transport, AF_INET6, "TCP/IPv6"),
  new StreamSubject(transport, AF_UNIX, "Unix streams"),
]);

/** Those over which much is sent: for bytes in a stream IPv6 is what IPv4 is. */
export const bulkStreams = streams.filter(({ family }) => family !== AF_INET6);

export const tcpStreams = streams.filter(({ isTcp }) => isTcp);

export const datagrams: readonly DatagramSubject[] = transports.flatMap((transport) => [
  new DatagramSubject(transport, AF_INET, "UDP/IPv4"),
  new DatagramSubject(transport, AF_INET6, "UDP/IPv6"),
]);

/** Unix datagrams, over the transports that have them. */
export const unixDatagrams: readonly DatagramSubject[] = transports
  .filter(({ features }) => features.unixDatagrams)
  .map((transport) => new DatagramSubject(transport, AF_UNIX, "Unix datagrams"));

/** What a promise rejects with. Fails when it does not reject, or with something that is no `OSError`. */
export async function failureOf(promise: Promise<unknown>): Promise<OSError> {
  const outcome = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => error,
  );
  if (outcome instanceof OSError) return outcome;
  throw new Error("Expected an OSError", { cause: outcome });
}

/** Receives exactly so many bytes; fewer at the end of the stream. */
export async function receiveBytes(socket: Socket, size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < size) {
    const chunk = await socket.recv(Math.min(65_536, size - length));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Bytes that show it when one of them is missing, twice there, or at the wrong place. */
export function pattern(size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index += 1) words[index] = Math.imul(index, 2_654_435_761);
  return Buffer.from(words.buffer, 0, size);
}
