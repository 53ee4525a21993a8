/**
 * {@link DescriptorReceiver}: a child process's end of the pair of sockets by which connections come.
 *
 * @module
 */

import type { Channel, ChannelOwner } from "../../core/transport/transport.js";
import { isEnded, MAX_NUMBERS_PER_PACKET, NUMBER_BYTES, packNumbers, unpackNumbers } from "../wire/packets.js";

/** Takes connections in, and confirms them. */
export class DescriptorReceiver implements ChannelOwner {
  readonly #channel: Channel;
  readonly #onDescriptor: (id: number, descriptor: number | null) => void;
  /** Confirmations for which there was no room. The server bounds what is on its way, and so their number. */
  #unconfirmed: number[] = [];

  /**
   * @param channel one end of the pair.
   * @param onDescriptor called with each descriptor and the number of its request; with `null` for one that was lost, because
   *   this process has too many open already.
   */
  constructor(channel: Channel, onDescriptor: (id: number, descriptor: number | null) => void) {
    this.#channel = channel;
    this.#onDescriptor = onDescriptor;
    channel.owner = this;
    this.onReadable();
  }

  onReadable(): void {
    try {
      for (;;) {
        const message = this.#channel.tryReceiveDescriptors(MAX_NUMBERS_PER_PACKET * NUMBER_BYTES);
        if (message === null) this.#channel.watch("read");
        if (message === null || message.data.length === 0) return;
        const numbers = unpackNumbers(message.data);
        // Before anything is done with them: what was not confirmed when this process ends, another one does.
        this.#unconfirmed.push(...numbers);
        this.#acknowledge();
        for (const [index, id] of numbers.entries()) this.#onDescriptor(id, message.descriptors[index] ?? null);
      }
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  #acknowledge(): void {
    if (this.#unconfirmed.length === 0) return;
    const numbers = packNumbers(this.#unconfirmed);
    if (this.#channel.trySend(numbers, 0, numbers.length, false) === null) this.#channel.watch("write");
    else this.#unconfirmed = [];
  }

  onWritable(): void {
    try {
      this.#acknowledge();
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  onDrop(): void {}
  onReceiveError(): void {}
}
