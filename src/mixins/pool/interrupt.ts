/**
 * {@link WorkerInterrupt}: the server's end of what wakes a thread or a child process that blocks.
 *
 * @module
 */

import { WAKE_FOR_MESSAGE, wakeToken } from "../../core/blocking/wait.js";
import { AF_UNIX, SOCK_STREAM } from "../../core/constants.js";
import { unsupported } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { Socket } from "../../core/socket/socket.js";
import type { Channel, Transport } from "../../core/transport/transport.js";
import { answerChild } from "../wire/blocking-child-calls.js";

const WAKE = wakeToken(WAKE_FOR_MESSAGE);

/** Those that are open. */
const open = new Set<WorkerInterrupt>();

/** The process ends only when its threads have, and those that block would not hear of it. */
function closeAll(): void {
  for (const interrupt of open) interrupt.close();
}

/** Two Unix stream sockets that are connected to each other. @throws OSError `EMFILE` */
export function openStreamPair(transport: Transport): [Channel, Channel] {
  const pair = transport.openPair(AF_UNIX, SOCK_STREAM, 0);
  if (pair === null) throw unsupported("This transport has no pairs of sockets", "Use the native one.", "socketpair");
  return pair;
}

/** One end of a pair of sockets. The other end is that of who blocks, whose every wait watches it. */
export class WorkerInterrupt {
  readonly #own: Channel;
  readonly #other: Channel;

  /** @throws OSError `EMFILE` */
  constructor(transport: Transport) {
    [this.#own, this.#other] = openStreamPair(transport);
    if (open.size === 0) process.on("exit", closeAll);
    open.add(this);
  }

  /** Hands the other end over to a thread. @returns its descriptor @throws OSError when that thread has ended */
  handOver(thread: number): number {
    return this.#other.release(thread);
  }

  /** The other end, for a child process that is started with a copy. {@link copied} is to follow. */
  get descriptor(): number {
    return this.#other.fileno();
  }

  /** The child process has its copy, or could not be started. */
  copied(): void {
    this.#other.close();
  }

  /** Has the calls of a request fail from now on. */
  abort(request: number): void {
    this.#send(wakeToken(request));
  }

  /** Tells that there is a message at the thread's port. */
  wake(): void {
    this.#send(WAKE);
  }

  #send(word: Uint8Array): void {
    try {
      // Where there is no room, the thread has more to read than it ever needs.
      this.#own.trySend(word, 0, word.length, false);
    } catch {
      // The thread has ended.
    }
  }

  /** Has every call fail from now on. Idempotent. */
  close(): void {
    this.#own.close();
    this.#other.close();
    open.delete(this);
    if (open.size === 0) process.off("exit", closeAll);
  }
}

/** What wakes a child that blocks, and the socket by which it asks the server. */
export class BlockingChildLink {
  readonly #interrupt: WorkerInterrupt;
  readonly #calls: Socket;
  readonly #other: Channel;

  /** @throws OSError `EMFILE` */
  constructor(server: BaseServer, transport: Transport) {
    this.#interrupt = new WorkerInterrupt(transport);
    try {
      const [own, other] = openStreamPair(transport);
      this.#calls = new Socket(AF_UNIX, SOCK_STREAM, 0, { transport }, own);
      this.#other = other;
    } catch (error) {
      this.#interrupt.close();
      throw error;
    }
    void answerChild(server, this.#calls);
  }

  /** The other ends: INTERRUPT_DESCRIPTOR and CALLS_DESCRIPTOR in the child. {@link copied} is to follow. */
  get descriptors(): number[] {
    return [this.#interrupt.descriptor, this.#other.fileno()];
  }

  /** The child has its copies, or could not be started. */
  copied(): void {
    this.#interrupt.copied();
    this.#other.close();
  }

  /** Has the calls of a request fail from now on. */
  abort(request: number): void {
    this.#interrupt.abort(request);
  }

  /** Has the child end, where it blocks. Idempotent. */
  close(): void {
    this.#interrupt.close();
    this.#other.close();
    void this.#calls.close();
  }
}
