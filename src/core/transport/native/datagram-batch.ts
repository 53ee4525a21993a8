/**
 * Datagrams that leave in one system call.
 *
 * @module
 */

import type { Address } from "../../address/address.js";
import { IPPROTO_UDP } from "../../constants.js";
import { systemErrorOf } from "../system-error.js";
import { EAGAIN } from "./constants.js";
import type { Poller } from "./poller.js";
import { NativeAddresses } from "./sockaddr.js";

/** Datagrams that one call sends. */
const MAX_MESSAGES = 32;
/** Their bytes together. */
const BYTES = 65_536;
/** What is longer than this leaves by itself: the call is the smallest part of its price, and the system may refuse its size. */
const MAX_LENGTH = 8192;
/**
 * Those up to this length that go to one address may leave joined, and are cut apart where they leave the machine: what fits
 * into every frame of an Ethernet over IPv6. Longer ones may have to be fragmented on their way, which the system refuses to do
 * to joined ones.
 */
const MAX_GSO_SEGMENT = 1452;
/** The option of that name, of level IPPROTO_UDP. A system or a socket that does not know it must not be told of joined datagrams. */
const UDP_SEGMENT = 103;

/** Those of this thread that are not empty. */
const waiting = new Set<DatagramBatch>();
let watchesExit = false;

/** Who ends the process right after an answer was taken shall have sent it. */
function sendAtExit(batch: DatagramBatch): void {
  waiting.add(batch);
  if (watchesExit) return;
  watchesExit = true;
  process.on("exit", () => {
    for (const one of waiting) one.send();
  });
}

/** What waits to be sent from one socket. */
export class DatagramBatch {
  readonly #system: Poller;
  readonly #descriptor: number;
  readonly #onLost: (address: Address, error: Error) => void;
  readonly #memory = Buffer.allocUnsafeSlow(BYTES);
  readonly #lengths = new Int32Array(MAX_MESSAGES);
  readonly #addresses = new NativeAddresses(MAX_MESSAGES);
  readonly #to: Address[] = [];
  readonly #usesGso: boolean;
  /** Of these datagrams so many have left, with so many bytes. */
  #left = 0;
  #leftBytes = 0;
  #bytes = 0;

  /** @param onLost called for each datagram that the system refuses. */
  constructor(system: Poller, descriptor: number, onLost: (address: Address, error: Error) => void) {
    this.#system = system;
    this.#descriptor = descriptor;
    this.#onLost = onLost;
    this.#usesGso = system.calls.getsockopt(descriptor, IPPROTO_UDP, UDP_SEGMENT, Buffer.alloc(4)) >= 0;
  }

  /** Whether a datagram may go in a batch at all. */
  static fits(data: Uint8Array): boolean {
    return data.length <= MAX_LENGTH;
  }

  get isEmpty(): boolean {
    return this.#to.length === 0;
  }

  hasRoomFor(data: Uint8Array): boolean {
    return this.#to.length < MAX_MESSAGES && this.#bytes + data.length <= BYTES;
  }

  /** Takes a copy. There must be room. */
  add(data: Uint8Array, address: Address): void {
    const index = this.#to.length;
    if (index === 0) sendAtExit(this);
    this.#addresses.write(address, index);
    this.#memory.set(data, this.#bytes);
    this.#lengths[index] = data.length;
    this.#bytes += data.length;
    this.#to.push(address);
  }

  /** Sends everything. Tells whether it is empty now; if not, the system has no room. */
  send(): boolean {
    let maxSegment = this.#usesGso ? MAX_GSO_SEGMENT : 0;
    while (this.#left < this.#to.length) {
      const sent = this.#system.calls.sendmmsg(
        this.#descriptor,
        this.#memory.subarray(this.#leftBytes),
        this.#lengths.subarray(this.#left),
        this.#to.length - this.#left,
        this.#addresses.from(this.#left),
        maxSegment,
      );
      if (sent === EAGAIN) return false;
      if (sent < 0 && maxSegment > 0) {
        // Some ways out take no joined datagrams, and no error shall cost more than one datagram.
        maxSegment = 0;
        continue;
      }
      // The system tells an error of the first datagram only; that one is given up, and the others go on.
      if (sent < 0) this.#onLost(this.#to[this.#left] ?? "", systemErrorOf(sent));
      this.#leave(Math.max(sent, 1));
    }
    this.#empty();
    return true;
  }

  /** Throws away what the system has no room for; each of them is told as lost. */
  abort(): void {
    for (const address of this.#to.slice(this.#left)) this.#onLost(address, systemErrorOf(EAGAIN));
    this.#empty();
  }

  #empty(): void {
    waiting.delete(this);
    this.#to.length = 0;
    this.#left = 0;
    this.#leftBytes = 0;
    this.#bytes = 0;
  }

  #leave(count: number): void {
    for (const end = this.#left + count; this.#left < end; this.#left += 1) {
      this.#leftBytes += this.#lengths[this.#left] ?? 0;
    }
  }
}
