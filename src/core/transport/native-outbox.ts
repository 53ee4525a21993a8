/**
 * Datagrams that leave in one system call.
 *
 * @module
 */

import type { Address } from "../address.js";
import { NativeAddresses } from "./native-address.js";
import { EAGAIN } from "./native-constants.js";
import type { NativeSystem } from "./native-system.js";
import { systemErrorOf } from "./system-error.js";

/** Datagrams that one call sends. */
const COUNT = 32;
/** Their bytes together. */
const BYTES = 65_536;
/** What is longer than this leaves by itself: the call is the smallest part of its price, and the system may refuse its size. */
const MAX_LENGTH = 8192;

/** What waits to be sent from one socket. */
export class Outbox {
  readonly #system: NativeSystem;
  readonly #descriptor: number;
  readonly #onLost: (address: Address, error: Error) => void;
  readonly #memory = Buffer.allocUnsafeSlow(BYTES);
  readonly #lengths = new Int32Array(COUNT);
  readonly #addresses = new NativeAddresses(COUNT);
  readonly #to: Address[] = [];
  /** Of these datagrams so many have left, with so many bytes. */
  #left = 0;
  #leftBytes = 0;
  #bytes = 0;

  /** @param onLost called for each datagram that the system refuses. */
  constructor(system: NativeSystem, descriptor: number, onLost: (address: Address, error: Error) => void) {
    this.#system = system;
    this.#descriptor = descriptor;
    this.#onLost = onLost;
  }

  /** Whether a datagram may go by an outbox at all. */
  static fits(data: Uint8Array): boolean {
    return data.length <= MAX_LENGTH;
  }

  get isEmpty(): boolean {
    return this.#to.length === 0;
  }

  hasRoomFor(data: Uint8Array): boolean {
    return this.#to.length < COUNT && this.#bytes + data.length <= BYTES;
  }

  /** Takes a copy. There must be room. */
  add(data: Uint8Array, address: Address): void {
    const index = this.#to.length;
    this.#addresses.write(address, index);
    this.#memory.set(data, this.#bytes);
    this.#lengths[index] = data.length;
    this.#bytes += data.length;
    this.#to.push(address);
  }

  /** Sends everything. Tells whether it is empty now; if not, the system has no room. */
  send(): boolean {
    while (this.#left < this.#to.length) {
      const sent = this.#system.calls.sendmmsg(
        this.#descriptor,
        this.#memory.subarray(this.#leftBytes),
        this.#lengths.subarray(this.#left),
        this.#to.length - this.#left,
        this.#addresses.from(this.#left),
      );
      if (sent === EAGAIN) return false;
      // The system tells an error of the first datagram only; that one is given up, and the others go on.
      if (sent < 0) this.#onLost(this.#to[this.#left] ?? "", systemErrorOf(sent));
      this.#leave(Math.max(sent, 1));
    }
    this.#to.length = 0;
    this.#left = 0;
    this.#leftBytes = 0;
    this.#bytes = 0;
    return true;
  }

  #leave(count: number): void {
    for (const end = this.#left + count; this.#left < end; this.#left += 1) {
      this.#leftBytes += this.#lengths[this.#left] ?? 0;
    }
  }
}
