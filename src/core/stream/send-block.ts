/**
 * {@link SendBlock}: the memory that small writes are collected in.
 *
 * @module
 */

/** What a block has room for at first. */
const BLOCK_SIZE = 8192;
/** Blocks that are kept for the next writes: 512 KiB. */
const MAX_SPARE = 64;

const spare: SendBlock[] = [];

/** Bytes of several writes, one after the other. */
export class SendBlock {
  memory: Buffer = Buffer.allocUnsafeSlow(BLOCK_SIZE);
  used = 0;

  /** An empty block: one that was released, or a new one. */
  static take(): SendBlock {
    return spare.pop() ?? new SendBlock();
  }

  /**
   * Makes room for so many bytes more.
   *
   * @param bound the block does not become larger than this, which is at least what it then holds.
   */
  makeRoom(length: number, bound: number): void {
    const needed = this.used + length;
    if (needed <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * this.memory.length, bound)));
    this.memory.copy(larger, 0, 0, this.used);
    this.memory = larger;
  }

  /** Adds bytes, for which there is room. */
  add(data: Uint8Array): void {
    this.memory.set(data, this.used);
    this.used += data.length;
  }

  /** Adds text as UTF-8: at most three bytes for each of its characters, for which there is room. @returns how many. */
  addText(text: string): number {
    const written = this.memory.write(text, this.used);
    this.used += written;
    return written;
  }

  /** Gives the block back. A larger one is left to the collector: it is rare, and would keep its memory. */
  release(): void {
    this.used = 0;
    if (this.memory.length === BLOCK_SIZE && spare.length < MAX_SPARE) spare.push(this);
  }
}
