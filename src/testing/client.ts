/**
 * Small clients for tests, made of `node:net` and `node:dgram` alone: what they find out owes nothing to this package's own
 * sockets.
 *
 * @module
 */

import { createSocket, type Socket as NodeDatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, isIPv6, type Socket as NodeSocket } from "node:net";
import { type Address, type InetAddress, isInetAddress } from "../core/address.js";

/** A client of a stream server. */
export class StreamTestClient implements AsyncDisposable {
  /** The client's own address, as the server sees it. */
  readonly address: InetAddress;
  readonly #socket: NodeSocket;
  #received = Buffer.alloc(0);
  #ended = false;
  #error: Error | null = null;
  #changed: (() => void) | null = null;

  private constructor(socket: NodeSocket) {
    this.#socket = socket;
    this.address = [socket.localAddress ?? "", socket.localPort ?? 0];
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#tell();
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
      ? connect({ host: address[0], port: address[1], allowHalfOpen: true, noDelay: true })
      : connect({ path: address, allowHalfOpen: true });
    await once(socket, "connect");
    return new StreamTestClient(socket);
  }

  #end(): void {
    this.#ended = true;
    this.#tell();
  }
  #tell(): void {
    this.#changed?.();
  }
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    this.#changed = null;
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

  /** Exactly so many bytes as text. @throws Error when the server ends before. */
  async read(size: number): Promise<string> {
    await this.#until(() => this.#received.length >= size || this.#ended);
    if (this.#received.length < size) throw this.#tooEarly(`${size} bytes`);
    return this.#take(size);
  }

  /** The next line, with its end. @throws Error when the server ends before. */
  async readLine(): Promise<string> {
    await this.#until(() => this.#received.includes(10) || this.#ended);
    const end = this.#received.indexOf(10);
    if (end < 0) throw this.#tooEarly("a line");
    return this.#take(end + 1);
  }

  /** Everything until the server ends its sending. */
  async readAll(): Promise<string> {
    await this.#until(() => this.#ended);
    return this.#take(this.#received.length);
  }

  /** How many bytes have arrived unread. */
  get available(): number {
    return this.#received.length;
  }

  #take(size: number): string {
    const taken = this.#received.toString("utf8", 0, size);
    this.#received = this.#received.subarray(size);
    return taken;
  }

  #tooEarly(wanted: string): Error {
    return new Error(`The server ended before ${wanted} came; got ${JSON.stringify(this.#received.toString())}`, {
      cause: this.#error,
    });
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Resolves when the server has ended or broken the connection. */
  async ended(): Promise<void> {
    await this.#until(() => this.#ended);
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

/** A client of a UDP server. */
export class DatagramTestClient implements AsyncDisposable {
  readonly #socket: NodeDatagramSocket;
  readonly #server: InetAddress;
  readonly #received: Buffer[] = [];
  #changed: (() => void) | null = null;

  private constructor(socket: NodeDatagramSocket, server: InetAddress) {
    this.#socket = socket;
    this.#server = server;
    socket.on("message", (message) => {
      this.#received.push(message);
      this.#changed?.();
    });
  }

  /** Opens a client for a server's address. */
  static async open(server: Address): Promise<DatagramTestClient> {
    if (!isInetAddress(server)) throw new TypeError(`Cannot send datagrams to ${server}: Node has no Unix datagrams.`);
    const socket = createSocket(isIPv6(server[0]) ? "udp6" : "udp4");
    socket.bind(0, isIPv6(server[0]) ? "::1" : "127.0.0.1");
    await once(socket, "listening");
    return new DatagramTestClient(socket, server);
  }

  /** The client's own address, as the server sees it. */
  get address(): InetAddress {
    const { address, port } = this.#socket.address();
    return [address, port];
  }

  /** Sends one datagram. */
  async send(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(data, this.#server[1], this.#server[0], (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The next datagram that comes, as text. */
  async receive(): Promise<string> {
    while (this.#received.length === 0) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.#received.shift()?.toString() ?? "";
  }

  /** How many datagrams have arrived unread. */
  get available(): number {
    return this.#received.length;
  }

  /** Closes. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
