/**
 * {@link RelayedDatagrams}: the server's socket in a thread or process that can have none of its own. Its answers leave by way of
 * the server, which sends them by {@link relayDatagram}.
 *
 * @module
 */

import type { Address } from "../../core/address/address.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { NumberTable } from "../../core/server/number-table.js";
import { NodeChannel, unsupportedOption } from "../../core/transport/node/channel.js";
import { systemError } from "../../core/transport/system-error.js";
import type { ChannelCounters } from "../../core/transport/transport.js";
import { type ErrorMessage, packError } from "./error-codec.js";
import type { DatagramMessage, ToWorker } from "./messages.js";

/** Answers that may be on their way at once, as those of a socket of the Node transport. */
const MAX_IN_FLIGHT_DATAGRAMS = 4096;

interface OnWay {
  readonly size: number;
  resolve(size: number): void;
  reject(error: Error): void;
}

/** Sends a datagram for somebody. @returns what that one is to be told */
export async function relayDatagram(server: BaseServer, { id, data, address }: DatagramMessage): Promise<ToWorker> {
  let error: ErrorMessage | null = null;
  try {
    await server.socket.sendto(data, address);
  } catch (failure) {
    error = packError(failure);
  }
  return { type: "datagram-sent", id, error };
}

/** Sends datagrams by way of the server. It receives none: those are the server's to spread. */
export class RelayedDatagrams extends NodeChannel {
  readonly #local: Address;
  readonly #post: (datagram: DatagramMessage) => void;
  readonly #onWay = new NumberTable<OnWay>();
  #bytesWritten = 0;

  /** @param local the server's address. @param post has the server send a datagram; {@link settle} is to follow. */
  constructor(local: Address, post: (datagram: DatagramMessage) => void) {
    super();
    this.#local = local;
    this.#post = post;
  }

  override trySendTo(data: Uint8Array, address: Address | null): Promise<number> | null {
    if (address === null) throw systemError("EDESTADDRREQ");
    if (this.#onWay.size >= MAX_IN_FLIGHT_DATAGRAMS) return null;
    return new Promise((resolve, reject) => {
      const id = this.#onWay.add({ size: data.length, resolve, reject });
      try {
        this.#post({ id, data, address });
      } catch (error) {
        this.#onWay.delete(id);
        throw error;
      }
    });
  }

  /** The server has sent a datagram, or says why it could not. */
  settle(id: number, error: Error | null): void {
    const sent = this.#onWay.get(id);
    if (sent === undefined) return;
    const wasFull = !this.writable;
    this.#onWay.delete(id);
    if (error === null) {
      this.#bytesWritten += sent.size;
      sent.resolve(sent.size);
    } else {
      sent.reject(error);
    }
    if (wasFull) this.owner?.onWritable();
  }

  override get writable(): boolean {
    return this.#onWay.size < MAX_IN_FLIGHT_DATAGRAMS;
  }

  override tryReceive(): null {
    return null;
  }
  override tryReceiveFrom(): null {
    return null;
  }

  /** Nothing: it is the server's. */
  override close(): void {}

  override getsockname(): Address {
    return this.#local;
  }
  override setsockopt(level: number, option: number): void {
    throw unsupportedOption(level, option);
  }
  override getsockopt(level: number, option: number): number {
    throw unsupportedOption(level, option);
  }

  override get counters(): ChannelCounters {
    return { bytesRead: 0, bytesWritten: this.#bytesWritten, unreadBytes: 0 };
  }
}
