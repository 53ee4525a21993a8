/**
 * Small clients for tests, made of `node:net` and `node:dgram` alone: what they find out owes nothing to this package's own
 * sockets. Node has no Unix datagrams, so for those alone a client is one of our sockets.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, isIPv6, type Socket as NodeSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Address,
  formatAddress,
  type InetAddress,
  isInetAddress,
  type UnixAddress,
} from "../core/address/address.js";
import { getaddrinfo, getnameinfo } from "../core/address/names.js";
import { AF_UNIX, NI_NUMERICHOST, NI_NUMERICSERV, SOCK_DGRAM } from "../core/constants.js";
import { Socket } from "../core/socket/socket.js";
import { nativeTransport } from "../core/transport/index.js";

/** More than a Unix datagram may have with the system's usual buffers. */
const MAX_DATAGRAM = 262_144;

/** Who waits for something to change. All are woken together, and look again in the order in which they came. */
class Waiting {
  readonly #wakes = new Set<() => void>();

  /** Something has changed. */
  wake(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }

  /** Waits until there is a result: taken at once, so that nobody else has it as well. */
  async until<Result>(attempt: () => Result | undefined): Promise<Result> {
    for (;;) {
      const result = attempt();
      if (result !== undefined) return result;
      await new Promise<void>((resolve) => {
        this.#wakes.add(resolve);
      });
    }
  }
}

/** Bytes that have arrived unread. Adding them, taking them and looking for lines cost no more than there are bytes. */
class ReceivedBytes {
  #buffer = Buffer.alloc(0);
  /** Where the unread bytes begin and end. */
  #start = 0;
  #end = 0;
  /** No unread line ends before this. */
  #searched = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  add(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Moves the unread bytes to the beginning of a buffer that is twice as large as they need. */
  #makeRoom(size: number): void {
    const buffer = Buffer.allocUnsafe(2 * (this.length + size));
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#searched = Math.max(0, this.#searched - this.#start);
    this.#end = this.length;
    this.#start = 0;
  }

  /** The length of the first line with its end; 0 where no line has ended. */
  get lineLength(): number {
    const from = Math.max(this.#start, this.#searched);
    const found = this.#buffer.subarray(from, this.#end).indexOf(10);
    this.#searched = found < 0 ? this.#end : from + found;
    return found < 0 ? 0 : this.#searched + 1 - this.#start;
  }

  /** Takes the first bytes, as text. */
  take(size: number): string {
    const end = Math.min(this.#start + size, this.#end);
    const taken = this.#buffer.toString("utf8", this.#start, end);
    this.#start = end;
    return taken;
  }

  /** All of them, as text; they stay unread. */
  toString(): string {
    return this.#buffer.toString("utf8", this.#start, this.#end);
  }
}

/** A client of a stream server. */
export class StreamTestClient implements AsyncDisposable {
  #address: InetAddress = ["", 0];
  readonly #socket: NodeSocket;
  readonly #received = new ReceivedBytes();
  #ended = false;
  #error: Error | null = null;
  readonly #waiting = new Waiting();

  private constructor(socket: NodeSocket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#received.add(chunk);
      this.#waiting.wake();
    });
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error) => {
      this.#error = error;
      this.#end();
    });
  }

  /** Connects. @throws Node's own error, such as `ECONNREFUSED`. */
  static async connect(address: Address): Promise<StreamTestClient> {
    const socket = isInetAddress(address)
      ? connect({ host: await hostForNode(address), port: address[1], allowHalfOpen: true, noDelay: true })
      : connect({ path: pathForNode(address), allowHalfOpen: true });
    await once(socket, "connect");
    const client = new StreamTestClient(socket);
    client.#address = await addressFromNode(socket.localAddress, socket.localPort);
    return client;
  }

  /** The client's own address, as the server sees it. */
  get address(): InetAddress {
    return this.#address;
  }

  #end(): void {
    this.#ended = true;
    this.#waiting.wake();
  }

  /** The error that the connection has broken with, if it has. */
  get error(): Error | null {
    return this.#error;
  }

  /** Node's socket underneath, for what this class does not offer. */
  get raw(): NodeSocket {
    return this.#socket;
  }

  /** Sends; resolves when the system has taken it, or the connection has broken. */
  async write(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.write(data, () => resolve()));
  }

  /** Ends this side's sending; the server reads the end. */
  end(): void {
    this.#socket.end();
  }

  /** Stops reading, so that the server finds no room to send. */
  pause(): void {
    this.#socket.pause();
  }
  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Exactly so many bytes as text. @throws Error when the connection ends before. */
  read(size: number): Promise<string> {
    return this.#waiting.until(() => {
      if (this.#received.length >= size) return this.#received.take(size);
      return this.#unlessEnded(`${size} bytes`);
    });
  }

  /** The next line, with its end. @throws Error when the connection ends before. */
  readLine(): Promise<string> {
    return this.#waiting.until(() => {
      const { lineLength } = this.#received;
      return lineLength > 0 ? this.#received.take(lineLength) : this.#unlessEnded("a line");
    });
  }

  /** Everything until the server ends its sending. */
  readAll(): Promise<string> {
    return this.#waiting.until(() => (this.#ended ? this.#received.take(this.#received.length) : undefined));
  }

  /** How many bytes have arrived unread. */
  get available(): number {
    return this.#received.length;
  }

  #unlessEnded(wanted: string): undefined {
    if (!this.#ended) return;
    throw new Error(`The connection ended before ${wanted} came; got ${JSON.stringify(this.#received.toString())}`, {
      cause: this.#error,
    });
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Resolves when the server has ended or broken the connection. */
  async ended(): Promise<void> {
    await this.#waiting.until(() => this.#ended || undefined);
  }

  /** Closes. Idempotent. */
  async close(): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The socket underneath a {@link DatagramTestClient}. */
interface DatagramEnd {
  readonly address: Address;
  send(data: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What to do with each datagram that comes. */
type OnDatagram = (data: Buffer) => void;

/** A client of a UDP server, or, where the native transport is there, of a server of Unix datagrams. */
export class DatagramTestClient implements AsyncDisposable {
  readonly #received: Buffer[] = [];
  #end!: DatagramEnd;
  #closing: Promise<void> | null = null;
  readonly #waiting = new Waiting();

  private constructor() {}

  /**
   * Opens a client for a server's address. For a path, the client is bound to one of its own, in the temporary directory,
   * so that the server can answer; {@link close} removes it.
   *
   * @throws TypeError for a path where the native transport is not there: Node has no Unix datagrams.
   */
  static async open(server: Address): Promise<DatagramTestClient> {
    const client = new DatagramTestClient();
    const onDatagram: OnDatagram = (data) => {
      client.#received.push(data);
      client.#waiting.wake();
    };
    client.#end = isInetAddress(server) ? await openUdp(server, onDatagram) : await openUnix(server, onDatagram);
    return client;
  }

  /** The client's own address, as the server sees it. */
  get address(): Address {
    return this.#end.address;
  }

  /** Sends one datagram. */
  send(data: string | Uint8Array): Promise<void> {
    return this.#end.send(data);
  }

  /** The next datagram that comes, as text. @throws Error when the client is closed, before or meanwhile. */
  receive(): Promise<string> {
    return this.#waiting.until(() => {
      const data = this.#received.shift();
      if (data !== undefined) return data.toString();
      if (this.#closing !== null) throw new Error("Cannot receive a datagram: the client is closed.");
      return undefined;
    });
  }

  /** How many datagrams have arrived unread. */
  get available(): number {
    return this.#received.length;
  }

  /** Closes. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end.close();
    this.#waiting.wake();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Node takes the zone of an address within its host. */
async function hostForNode(address: InetAddress): Promise<string> {
  const [host, , , scopeId = 0] = address;
  return scopeId === 0 ? host : (await getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV))[0];
}

/** Node takes no bytes as a path. */
function pathForNode(address: UnixAddress): string {
  return typeof address === "string" ? address : Buffer.from(address).toString();
}

/** What Node names, as a server sees it: with the four parts of IPv6. A Unix stream has no name. */
async function addressFromNode(host = "", port = 0): Promise<InetAddress> {
  if (!isIPv6(host)) return [host, port];
  const [answer] = await getaddrinfo(host, port);
  return answer === undefined ? [host, port] : answer[4];
}

async function openUdp(server: InetAddress, onDatagram: OnDatagram): Promise<DatagramEnd> {
  const host = await hostForNode(server);
  const port = server[1];
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", onDatagram);
  // A link-local server is reached from an address of its interface, which the system picks.
  if (host.includes("%")) socket.bind(0);
  else socket.bind(0, isIPv6(host) ? "::1" : "127.0.0.1");
  await once(socket, "listening");
  const own = socket.address();
  return {
    address: await addressFromNode(own.address, own.port),
    send: (data) =>
      new Promise((resolve, reject) => {
        socket.send(data, port, host, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

async function openUnix(server: UnixAddress, onDatagram: OnDatagram): Promise<DatagramEnd> {
  if (nativeTransport === null) {
    throw new TypeError(
      `Cannot send datagrams to ${formatAddress(server)}: Node has no Unix datagrams. capabilities() tells why the native transport is not there.`,
    );
  }
  const socket = new Socket(AF_UNIX, SOCK_DGRAM, 0, { transport: nativeTransport });
  const path = join(tmpdir(), `datagram-client-${randomUUID()}.sock`);
  try {
    await socket.bind(path);
  } catch (error) {
    await socket.close();
    throw error;
  }
  const receiving = receiveAll(socket, onDatagram);
  return {
    address: path,
    send: async (data) => {
      await socket.sendto(data, server);
    },
    close: async () => {
      await socket.close();
      await receiving;
    },
  };
}

/** Receives until the socket is closed. */
async function receiveAll(socket: Socket, onDatagram: OnDatagram): Promise<void> {
  while (!socket.closed) {
    try {
      onDatagram(await socket.recv(MAX_DATAGRAM));
    } catch (error) {
      if (!socket.closed) throw error;
    }
  }
}
