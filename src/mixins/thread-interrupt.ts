/**
 * {@link ThreadInterrupt}: the server's end of what wakes a thread that blocks.
 *
 * @module
 */

import { interruptWord, MESSAGE_WAITS } from "../core/blocking-wait.js";
import { AF_UNIX, SOCK_STREAM } from "../core/constants.js";
import { unsupported } from "../core/errors.js";
import type { Channel, Transport } from "../core/transport/transport.js";

const WAKE = interruptWord(MESSAGE_WAITS);

/** Those that are open. */
const open = new Set<ThreadInterrupt>();

/** The process ends only when its threads have, and those that block would not hear of it. */
function closeAll(): void {
  for (const interrupt of open) interrupt.close();
}

/** One end of a pair of sockets. The other end is the thread's, whose every wait watches it. */
export class ThreadInterrupt {
  readonly #own: Channel;
  readonly #other: Channel;

  /** @throws OSError `EMFILE` */
  constructor(transport: Transport) {
    const pair = transport.openPair(AF_UNIX, SOCK_STREAM, 0);
    if (pair === null) throw unsupported("This transport has no pairs of sockets", "Use the native one.", "socketpair");
    [this.#own, this.#other] = pair;
    if (open.size === 0) process.on("exit", closeAll);
    open.add(this);
  }

  /** Hands the other end over. @returns its descriptor; -1 when that thread has ended */
  handOver(thread: number): number {
    try {
      return this.#other.release(thread);
    } catch {
      return -1;
    }
  }

  /** Has the calls of a request fail from now on. */
  breakOff(request: number): void {
    this.#send(interruptWord(request));
  }

  /** Tells that there is a message at the thread's port. */
  wake(): void {
    this.#send(WAKE);
  }

  #send(word: Uint8Array): void {
    try {
      // Where there is no room, the thread has more to read than it ever needs.
      this.#own.trySend(word);
    } catch {
      // The thread has ended.
    }
  }

  /** Has every call of the thread fail from now on. Idempotent. */
  close(): void {
    this.#own.close();
    this.#other.close();
    open.delete(this);
    if (open.size === 0) process.off("exit", closeAll);
  }
}
