/**
 * The server's side of one worker thread.
 *
 * @module
 */

import { MessageChannel, type ResourceLimits, Worker } from "node:worker_threads";
import type { BaseServer } from "../core/base-server.js";
import { Socket } from "../core/socket.js";
import { defaultTransport } from "../core/transport/index.js";
import type { DatagramRequest } from "../core/udp-server.js";
import { answerThread } from "./blocking-remote-server.js";
import type { Assignment, FromRunner, ToRunner } from "./messages.js";
import { exposeServer } from "./remote-server.js";
import { type HostOwner, type Job, RunnerHost } from "./runner-host.js";
import { ThreadInterrupt } from "./thread-interrupt.js";
import type { ThreadData } from "./thread-main.js";

/** The built program, also where this file is run as TypeScript: a thread is not started with what transforms that. */
const PROGRAM = new URL("../../dist/mixins/thread-main.js", import.meta.url);

/** What a thread is started with. */
export interface ThreadOptions {
  readonly assignment: Assignment;
  readonly server: BaseServer;
  /** Bounds of its memory, as `node:worker_threads` has them. */
  readonly resourceLimits: ResourceLimits | undefined;
  /** Whether its handlers block it, one at a time. */
  readonly blocking: boolean;
}

/** One worker thread. */
export class ThreadHost extends RunnerHost {
  readonly #worker: Worker | null = null;
  readonly #server: BaseServer;
  readonly #isDatagram: boolean;
  /** The number that sockets are handed over to. */
  #thread = 0;
  #reason = "";
  /** What wakes it when it blocks. */
  readonly #interrupt: ThreadInterrupt | null = null;

  constructor(owner: HostOwner, { assignment, server, resourceLimits, blocking }: ThreadOptions) {
    super(owner);
    this.#server = server;
    this.#isDatagram = assignment.socketType !== 1;
    try {
      if (blocking) this.#interrupt = new ThreadInterrupt(server.transport ?? defaultTransport);
    } catch (error) {
      // Told later, as the end of any other thread: whoever starts one does not reckon with it at once.
      process.nextTick(() => this.exit(`A thread for ${assignment.className} could not be started: ${error}`));
      return;
    }
    const { port1, port2 } = new MessageChannel();
    if (this.#interrupt === null) exposeServer(server, port1);
    else answerThread(server, port1, () => this.#interrupt?.wake());
    // An open port would keep the process alive; the worker does, as long as it has something to do.
    port1.unref();
    const workerData: ThreadData = { assignment, serverPort: port2 };
    this.#worker = new Worker(PROGRAM, {
      workerData,
      transferList: [port2],
      name: assignment.className,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#worker.on("message", (message: FromRunner) => this.receive(message));
    this.#worker.on("error", (error) => {
      this.#reason = `it failed outside a request: ${error instanceof Error ? error.message : String(error)}`;
    });
    this.#worker.on("exit", (code) => {
      port1.close();
      this.#interrupt?.close();
      this.exit(
        `A thread for ${assignment.className} has ended: ${this.#reason || `it left with the exit code ${code}`}`,
      );
    });
  }

  protected override onReady(thread: number): void {
    this.#thread = thread;
    const descriptor = this.#interrupt?.handOver(thread) ?? -1;
    if (descriptor >= 0) this.post({ type: "interrupt", descriptor });
    if (!this.#isDatagram) return;
    // All answers leave by the server's own socket, of which each thread has a copy.
    let copy: Socket | null = null;
    try {
      copy = this.#server.socket.dup();
      this.post({ type: "datagram-socket", descriptor: copy.handOver(thread) });
    } catch (error) {
      this.#reason = `it could not be given the server's socket: ${error instanceof Error ? error.message : String(error)}`;
      throw error;
    } finally {
      // Where the thread has ended, the copy is still this one's.
      void copy?.close();
    }
  }

  /** Hands a request over, and tells its number here; `null` when the thread has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null {
    if (!(request instanceof Socket)) {
      const [data, , truncated] = request;
      return this.send(job, { descriptor: -1, data, truncated });
    }
    const descriptor = request.handOver(this.#thread);
    return descriptor < 0 ? null : this.send(job, { descriptor });
  }

  /** A thread that blocks takes no messages: it is woken. */
  override breakOff(id: number): void {
    super.breakOff(id);
    this.#interrupt?.breakOff(id);
  }

  protected override post(message: ToRunner): void {
    this.#worker?.postMessage(message);
  }

  override async end(): Promise<void> {
    // Else termination would wait for what the thread waits for.
    this.#interrupt?.close();
    await this.#worker?.terminate();
  }

  /** Lets the process end although the thread is there, or not. */
  setRef(wanted: boolean): void {
    if (wanted) this.#worker?.ref();
    else this.#worker?.unref();
  }
}
