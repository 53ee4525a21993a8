/**
 * {@link BlockingChildLink}: the server's ends of what a child process has beside Node's channel when its handlers block.
 *
 * @module
 */

import { AF_UNIX, SOCK_STREAM } from "../../core/constants.js";
import type { BaseServer } from "../../core/server/base-server.js";
import { Socket } from "../../core/socket/socket.js";
import type { Channel, Transport } from "../../core/transport/transport.js";
import { answerChild } from "../wire/blocking-child-calls.js";
import { openStreamPair, RunnerInterrupt } from "./interrupt.js";

/** What wakes a child that blocks, and the socket by which it asks the server. */
export class BlockingChildLink {
  readonly #interrupt: RunnerInterrupt;
  readonly #calls: Socket;
  readonly #other: Channel;

  /** @throws OSError `EMFILE` */
  constructor(server: BaseServer, transport: Transport) {
    this.#interrupt = new RunnerInterrupt(transport);
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
  breakOff(request: number): void {
    this.#interrupt.breakOff(request);
  }

  /** Has the child end, where it blocks. Idempotent. */
  close(): void {
    this.#interrupt.close();
    this.#other.close();
    void this.#calls.close();
  }
}
