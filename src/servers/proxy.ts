/**
 * The proxy server: passes each connection on to another server, and its answers back.
 *
 * @module
 */

import { endSending } from "../clients/end-sending.js";
import { type Address, formatAddress, isInetAddress, parseTarget } from "../core/address/address.js";
import { OSError } from "../core/errors.js";
import { createConnection } from "../core/socket/connect.js";
import type { Socket } from "../core/socket/socket.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import type { BundledServer } from "./description.js";

/** What is received at once, in bytes; also all that is held of a direction when its receiver is slow. */
const CHUNK_SIZE = 65_536;
/** Seconds that the target may take to accept. */
const CONNECT_TIMEOUT = 10;

/** What {@link ProxyMixIn} adds to a server. Handlers in threads and processes ask the one server for it. */
export interface Proxying {
  /** Where connections are passed on to: a host and a port, or the path of a Unix socket. */
  readonly target: Address | Promise<Address>;
}

/**
 * Gives a server the address that its connections are passed on to.
 *
 * @example
 * ```ts
 * class ProxyServer extends ProxyMixIn(MultiplexingTCPServer) {
 *   override target: Address = ["127.0.0.1", 8080];
 * }
 * ```
 */
export function ProxyMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => { target: Address }) {
  abstract class ProxyServer extends Server implements Proxying {
    target: Address = ["127.0.0.1", 0];
  }
  return ProxyServer;
}

/**
 * The server that is passed on to cannot be reached, or has broken off. Its own error is the `cause`.
 *
 * It is no ConnectionError, which would be taken for the client's leaving.
 */
export class TargetError extends OSError {
  static {
    TargetError.prototype.name = "TargetError";
  }
}

/**
 * Passes a connection on, both ways at once. When one side ends its sending, the other side is told, and may go on sending.
 *
 * Each direction waits for its receiver before it takes more. When the target cannot be reached, or either side breaks off,
 * the other side's connection is broken as well: half of an answer must not look like a whole one.
 */
export class ProxyStreamHandler extends BaseRequestHandler<Socket, Proxying> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const client = this.request;
    const address = await this.server.target;
    let target: Socket | null = null;
    try {
      target = await createConnection(address, { timeout: CONNECT_TIMEOUT }).catch(targetFailure(address));
      target.settimeout(null);
      await Promise.all([
        passOn(client, target, rethrow, targetFailure(address)),
        passOn(target, client, targetFailure(address), rethrow),
      ]);
      await target.close();
    } catch (error) {
      target?.abort();
      client.abort();
      throw error;
    }
  }
}

/** What becomes of a side's failure. */
type OnFailure = (error: unknown) => never;

/** Passes on what one side sends, to its end. */
async function passOn(from: Socket, to: Socket, onFromFailure: OnFailure, onToFailure: OnFailure): Promise<void> {
  for (;;) {
    const data = await from.recv(CHUNK_SIZE).catch(onFromFailure);
    if (data.length === 0) return await endSending(to).catch(onToFailure);
    await to.sendall(data).catch(onToFailure);
  }
}

/** A failure of the client is told as it is. */
function rethrow(error: unknown): never {
  throw error;
}

/** A failure of the target is told as such. */
function targetFailure(target: Address): OnFailure {
  return (error) => {
    if (!(error instanceof OSError)) throw error;
    const message = `The target ${formatAddress(target)} has failed: ${error.message}`;
    throw new TargetError(message, { code: error.code, syscall: error.syscall, cause: error });
  };
}

/** @throws RangeError for what is no address to connect to */
function parseReachable(text: string): Address {
  const target = parseTarget(text);
  if (!isInetAddress(target) || target[1] !== 0) return target;
  throw new RangeError(`Cannot pass anything on to "${text}": nobody listens at the port 0.`);
}

/** `socketserver proxy` */
export const proxyServer: BundledServer = {
  name: "proxy",
  summary: "passes each connection on to another server",
  streamHandler: ProxyStreamHandler,
  extend: ProxyMixIn,
  options: [
    {
      flags: "--to <host:port>",
      description: "the server to pass on to; or the path of its Unix socket",
      property: "target",
      parse: parseReachable,
      required: true,
      example: "127.0.0.1:9998",
    },
  ],
  example: { prerequisite: "socketserver upper --tcp 127.0.0.1:9998", send: "hello", receive: "HELLO" },
};
