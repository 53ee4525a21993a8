/**
 * {@link Slab}: the memory that received bytes lie in.
 *
 * @module
 */

import { markAsUntransferable } from "node:worker_threads";

/**
 * Memory that received bytes are cut from, for all connections of this thread. What somebody keeps of it keeps all of it
 * alive: so small messages are cut from small slabs. A handler that waits for the next message often still has the last one.
 */
export class Slab {
  readonly #size: number;
  readonly #minRoom: number;
  memory: Buffer;
  used = 0;

  /** @param minRoom where less than this is left, the next one is begun. */
  constructor(size: number, minRoom: number) {
    this.#size = size;
    this.#minRoom = minRoom;
    this.memory = makeMemory(size);
  }

  /** How much may be received at {@link used}: at most `wanted`, and all of that where it must be `whole`. */
  makeRoom(wanted: number, whole: boolean): number {
    const needed = Math.min(wanted, whole ? this.#size : this.#minRoom);
    // Its real length: Node's streams of bytes take memory away (Node 20 and 22) although they must not.
    if (this.memory.length - this.used < needed) {
      this.memory = makeMemory(this.#size);
      this.used = 0;
    }
    return Math.min(wanted, this.#size - this.used);
  }

  /** The bytes that were received there. */
  cut(length: number): Buffer {
    const start = this.used;
    this.used += length;
    return this.memory.subarray(start, this.used);
  }
}

/** It cannot be transferred to another thread: whoever got a part would take all of it away from the others. */
function makeMemory(size: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(size);
  markAsUntransferable(memory.buffer);
  return memory;
}

/** A read that brings so much is likely followed by others that do. */
export const LARGE_READ = 2048;
/** For reads that bring less, and for those that bring that. Used to their ends, or the system has to find new memory too often. */
export const smallSlab: Slab = new Slab(8192, LARGE_READ);
export const SLAB_SIZE = 131_072;
export const largeSlab: Slab = new Slab(SLAB_SIZE, 16_384);

/** A copy of bytes that lie where the next ones will, cut from a slab. At most {@link SLAB_SIZE}. */
export function copyToSlab(bytes: Buffer, length: number): Buffer {
  const slab = length < LARGE_READ ? smallSlab : largeSlab;
  slab.makeRoom(length, true);
  bytes.copy(slab.memory, slab.used, 0, length);
  return slab.cut(length);
}
