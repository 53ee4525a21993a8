/**
 * The respond server: tells whoever sends a datagram the address that it came from.
 *
 * @module
 */

import { type Address, formatAddress, isInetAddress } from "../core/address/address.js";
import type { DatagramRequest } from "../core/server/requests.js";
import { BaseRequestHandler } from "../handlers/base.js";
import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import type { BundledServer } from "./description.js";

/** What {@link RespondMixIn} adds to a server. */
export interface Responding {
  /** Tells what a client has sent. Handlers in threads and processes have the one server tell it, too. */
  reportReceived(text: string, clientAddress: Address): void | Promise<void>;
}

/**
 * Has a server tell what came in: in its log, at the level `info`.
 *
 * @example
 * ```ts
 * class RespondServer extends RespondMixIn(UDPServer) {}
 * ```
 */
export function RespondMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => Responding) {
  abstract class RespondServer extends Server implements Responding {
    reportReceived(text: string, clientAddress: Address): void {
      this.logger.info({ clientAddress: formatAddress(clientAddress), text }, "received");
    }
  }
  return RespondServer;
}

/** Has the server tell each datagram, read as UTF-8, and answers it: "Response for 127.0.0.1". */
export class RespondDatagramHandler extends BaseRequestHandler<DatagramRequest, Responding> {
  static override readonly module = import.meta.url;

  override async handle(): Promise<void> {
    const [data, socket] = this.request;
    await this.server.reportReceived(data.toString(), this.clientAddress);
    await socket.sendto(`Response for ${hostOf(this.clientAddress)}`, this.clientAddress);
  }
}

/** What is told of a client: its address without the port. */
function hostOf(address: Address): string {
  if (isInetAddress(address)) return address[0];
  return typeof address === "string" ? address : formatAddress(address);
}

/** `socketserver respond` */
export const respondServer: BundledServer = {
  name: "respond",
  summary: "tells each sender of a datagram its address",
  datagramHandler: RespondDatagramHandler,
  extend: RespondMixIn,
  example: { send: "Hi, I'm sending this message.", receive: "Response for 127.0.0.1" },
  notes: "What the datagrams hold is printed.",
};
