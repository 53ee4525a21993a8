/**
 * {@link ThreadHandle}: the server's side of one worker thread.
 *
 * @module
 */

import type { Socket as NodeSocket } from "node:net";
import { MessageChannel, type ResourceLimits, Worker } from "node:worker_threads";
import { SOCK_STREAM } from "../../core/constants.js";
import { unsupported } from "../../core/errors.js";
import type { BaseServer } from "../../core/server/base-server.js";
import type { DatagramRequest } from "../../core/server/requests.js";
import { Socket } from "../../core/socket/socket.js";
import type { Transport } from "../../core/transport/transport.js";
import { answerThread } from "../wire/blocking-remote-server.js";
import { asError, messageOf } from "../wire/error-codec.js";
import type { ConnectionMessage, FromThread, ToThread, WorkerConfig } from "../wire/messages.js";
import { describeConnection } from "../wire/node-connections.js";
import { exposeServer } from "../wire/remote-server.js";
import type { ThreadData } from "../worker/thread-main.js";
import { WorkerInterrupt } from "./interrupt.js";
import { type HostOwner, type Job, WorkerHandle } from "./worker.js";

/** The program that the other side starts. */
const PROGRAM = new URL("../worker/thread-main.js", import.meta.url);

/** How long, in seconds, a thread may take to end. One that is in `execFileSync()`, for instance, does when that returns. */
const ENDING_TIME = 2;

/** How long, in seconds, a thread that is to end may go on loading its modules. */
const LOADING_TIME = 1;

const NO_BYTES = new Uint8Array();

/** What a thread is started with. */
export interface ThreadOptions {
  readonly config: WorkerConfig;
  readonly server: BaseServer;
  readonly transport: Transport;
  /** Bounds of its memory, as `node:worker_threads` has them. */
  readonly resourceLimits: ResourceLimits | undefined;
  /** Whether its handlers block it, one at a time. */
  readonly blocking: boolean;
  /** Whether the process may end although it is there. */
  readonly daemon: boolean;
}

/**
 * One worker thread.
 *
 * Sockets are handed over as descriptors: of each connection the thread gets a copy, and the server closes its own when the
 * thread has begun with it. On the Node transport, Node moves the connection itself.
 */
export class ThreadHandle extends WorkerHandle {
  readonly #daemon: boolean;
  /** Resolves when it is ready, or gone: where its handler is of no use, it ends by itself when it has nothing more to load. */
  readonly #loaded: Promise<void>;
  #reportLoaded: () => void = () => {};
  #worker: Worker | null = null;
  /** The number that sockets are handed over to. */
  #thread = 0;
  /** What wakes it when it blocks. */
  #interrupt: WorkerInterrupt | null = null;

  constructor(owner: HostOwner, options: ThreadOptions) {
    super(owner, options.server, options.config);
    this.#daemon = options.daemon;
    this.#loaded = new Promise((resolve) => {
      this.#reportLoaded = resolve;
    });
    try {
      this.#start(options);
    } catch (error) {
      // Told later, as the end of any other thread: whoever starts one does not reckon with it at once.
      this.recordExitReason(`it could not be started: ${messageOf(error)}`);
      process.nextTick(() => this.#onGone(0));
    }
  }

  #start({ config, server, transport, resourceLimits, blocking }: ThreadOptions): void {
    if (blocking) this.#interrupt = new WorkerInterrupt(transport);
    const { port1, port2 } = new MessageChannel();
    if (this.#interrupt === null) exposeServer(server, port1);
    else answerThread(server, port1, () => this.#interrupt?.wake());
    // An open port would keep the process alive; the worker does, as long as it has something to do.
    port1.unref();
    const workerData: ThreadData = { config, serverPort: port2 };
    const limits = resourceLimits === undefined ? {} : { resourceLimits };
    let worker: Worker;
    try {
      worker = new Worker(PROGRAM, { workerData, transferList: [port2], name: config.className, ...limits });
    } catch (error) {
      port1.close();
      throw error;
    }
    this.#worker = worker;
    worker.on("message", (message: FromThread) => {
      if (message.type === "ending") this.markUnreachable();
      else if (message.type === "output") process[message.stream].write(message.data);
      else this.receive(message);
    });
    worker.on("error", (error) => this.recordExitReason(`it failed outside a request: ${messageOf(error)}`));
    worker.on("exit", (code) => {
      port1.close();
      this.#onGone(code);
    });
  }

  #onGone(code: number): void {
    this.#reportLoaded();
    this.#interrupt?.close();
    this.exit(`A thread for ${this.config.className}`, `it left with the exit code ${code}`);
  }

  protected override onReady(thread: number): void {
    this.#reportLoaded();
    // Not before: who opens the server waits for it.
    if (this.#daemon) this.#worker?.unref();
    this.#thread = thread;
    if (this.#interrupt !== null) this.post({ type: "interrupt", descriptor: this.#interrupt.handOver(thread) });
    const { usesDescriptors, socketType } = this.config;
    if (usesDescriptors && socketType !== SOCK_STREAM) this.#giveServerSocket();
  }

  /** All answers leave by the server's own socket, of which each thread has a copy. */
  #giveServerSocket(): void {
    const copy = this.server.socket.dup();
    try {
      this.post({ type: "datagram-socket", descriptor: copy.handOver(this.#thread) });
    } finally {
      // Where the thread has ended, the copy is still this one's.
      void copy.close();
    }
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Hands a request over, and tells its number here; `null` when the thread has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null {
    if (!(request instanceof Socket)) return this.#giveDatagram(job, request);
    return this.config.usesDescriptors ? this.#giveCopy(job, request) : this.#move(job, request);
  }

  #giveDatagram(job: Job, [data, , truncated]: DatagramRequest): number {
    const id = this.begin(job, null);
    // A copy, since with a part of some memory all of that would travel.
    this.queue(id, { descriptor: -1, data: new Uint8Array(data), truncated });
    return id;
  }

  #giveCopy(job: Job, request: Socket): number | null {
    const given = copyOf(request);
    const descriptor = given.handOver(this.#thread);
    if (descriptor < 0) {
      if (given !== request) void given.close();
      return this.markUnreachable();
    }
    const id = this.begin(job, request);
    this.queue(id, { descriptor });
    return id;
  }

  /** Has Node move a connection, of which there is no copy here then. @throws UnsupportedOperation where Node cannot */
  #move(job: Job, request: Socket): number {
    const { bytesRead, bytesWritten } = request.counters;
    if (bytesRead > 0 || bytesWritten > 0) {
      throw unsupported(
        "Node cannot move a connection to a thread when something was read from it, or written to it, before",
        "Leave that to the handler, or use the native transport.",
        "postMessage",
      );
    }
    const id = this.begin(job, request);
    try {
      const connection = describeConnection(id, request, job.clientAddress, NO_BYTES);
      // Of a connection of the Node transport it is one.
      this.#postConnection(connection, request.toNodeSocket() as NodeSocket);
    } catch (error) {
      this.settle(id, asError(error));
    }
    return id;
  }

  #postConnection(connection: ConnectionMessage, socket: NodeSocket): void {
    const message: ToThread = { type: "connection", connection, socket };
    try {
      // The types do not know as yet that Node can do that.
      this.#worker?.postMessage(message, [socket as never]);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** A thread that blocks takes no messages: it is woken. */
  protected override abortWorkerRequest(id: number): void {
    super.abortWorkerRequest(id);
    this.#interrupt?.abort(id);
  }

  // ── what is said, and the end ─────────────────────────────────────────────────────────────────────────────────────

  protected override post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  override async end(): Promise<void> {
    // Else termination would wait for what the thread waits for.
    this.#interrupt?.close();
    // Node.js 20 leaves the files open that a thread reads its modules from while it is terminated.
    await withinSeconds(this.#loaded, LOADING_TIME);
    const ended = this.#worker?.terminate();
    if (ended === undefined || (await withinSeconds(ended, ENDING_TIME))) return;
    // Nobody waits any longer: it ends when that call returns, and the process cannot before.
    this.exit(`A thread for ${this.config.className}`, "it was told to, in a call that nothing can interrupt");
  }
}

/** Waits for something, but not longer than that. @returns whether it has come */
function withinSeconds(event: Promise<unknown>, seconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), seconds * 1000);
    void event.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** A copy for a thread; the connection itself where there is no room for one, which is lost then should the thread end. */
function copyOf(request: Socket): Socket {
  try {
    return request.dup();
  } catch {
    return request;
  }
}
