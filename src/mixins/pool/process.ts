/**
 * {@link ProcessHandle}: the server's side of one child process.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM } from "../../core/constants.js";
import type { BaseServer } from "../../core/server/base-server.js";
import type { DatagramRequest } from "../../core/server/requests.js";
import { Socket } from "../../core/socket/socket.js";
import type { Channel, Transport } from "../../core/transport/transport.js";
import { CallEndpoint } from "../wire/call-endpoint.js";
import { asError, messageOf } from "../wire/error-codec.js";
import type { FromChild, ToChild, ToWorker, WorkerConfig } from "../wire/messages.js";
import { SERVER_SOCKET } from "../wire/packets.js";
import { exposeServer } from "../wire/remote-server.js";
import type { HandoffChannel } from "./handoff.js";
import { FdHandoff, NodeHandoff } from "./handoff.js";
import { BlockingChildLink } from "./interrupt.js";
import { childArguments } from "./process-flags.js";
import { type HostOwner, type Job, WorkerHandle } from "./worker.js";

/** The program that the other side starts. */
const PROGRAM = fileURLToPath(new URL("../worker/process-main.js", import.meta.url));
/** How long, in seconds, a child that was told to end may take; one that computes does not hear it. */
const EXIT_GRACE = 0.5;
/** How long, in seconds, what a child said last may take to come in after its end. */
const LAST_WORDS = 1;

/** What a child process is started with. */
export interface ChildOptions {
  readonly config: WorkerConfig;
  readonly server: BaseServer;
  readonly transport: Transport;
  /** Whether its handlers block it, one at a time. */
  readonly blocking: boolean;
}

/** The children that live: those that are busy would not hear that this process has left, even in good order. */
const living = new Set<ChildProcess>();

function killAll(): void {
  for (const child of living) child.kill("SIGKILL");
}

/**
 * One child process: a program of its own, not a copy of this one.
 *
 * Messages go over Node's channel. Connections go as descriptors over a pair of sockets beside it; on the Node transport, Node
 * copies them with their messages, one at a time.
 */
export class ProcessHandle extends WorkerHandle {
  readonly #calls: CallEndpoint;
  readonly #gone: Promise<void>;
  #resolveGone: () => void = () => {};
  #child: ChildProcess | null = null;
  #handoff: HandoffChannel | null = null;
  /** By which it is woken, and asks, when it blocks. */
  #blockingLink: BlockingChildLink | null = null;
  #killTimer: NodeJS.Timeout | null = null;
  #isGone = false;

  constructor(owner: HostOwner, options: ChildOptions) {
    const { config, server } = options;
    super(owner, server, config);
    this.#calls = new CallEndpoint((data) => this.#send({ type: "call", data }));
    exposeServer(server, this.#calls);
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    try {
      this.#start(options);
    } catch (error) {
      // Told later, as the end of any other child: who starts one does not reckon with it at once.
      process.nextTick(() => this.#onGone(`it could not be started: ${messageOf(error)}`));
    }
  }

  // ── the process ───────────────────────────────────────────────────────────────────────────────────────────────────

  #start({ server, transport, blocking }: ChildOptions): void {
    if (blocking) this.#blockingLink = new BlockingChildLink(server, transport);
    const pair = transport.features.descriptors ? transport.openPair(AF_UNIX, SOCK_SEQPACKET, 0) : null;
    const [own, other] = pair ?? [null, null];
    try {
      const child = this.#fork(other);
      this.#handoff =
        own === null
          ? new NodeHandoff(child)
          : new FdHandoff(own, {
              onSent: (id) => this.queue(id, { descriptor: -1 }),
              onAcknowledged: (ids) => this.acknowledge(ids),
            });
    } catch (error) {
      own?.close();
      throw error;
    } finally {
      other?.close();
      this.#blockingLink?.copied();
    }
    this.#send({ type: "config", config: this.config });
  }

  #fork(link: Channel | null): ChildProcess {
    const child = fork(PROGRAM, [], {
      execArgv: childArguments(process.execArgv),
      serialization: "advanced",
      // The last are LINK_DESCRIPTOR there, INTERRUPT_DESCRIPTOR and CALLS_DESCRIPTOR.
      stdio: [
        ...(["ignore", "inherit", "inherit", "ipc"] as const),
        ...(link === null ? [] : [link.fileno()]),
        ...(this.#blockingLink?.descriptors ?? []),
      ],
    });
    this.#child = child;
    child.on("message", (message: FromChild) => this.#onMessage(message));
    child.on("error", (error) => {
      if (child.pid === undefined) this.#onGone(`it could not be started: ${error.message}`);
    });
    // It is about to end; or a handler has given the channel up, and it cannot be told anything any more.
    child.on("disconnect", () => this.#killUnlessGone(child, "it had given up its connection to the server"));
    child.on("exit", (code, signal) => {
      living.delete(child);
      if (living.size === 0) process.off("exit", killAll);
      const how = signal === null ? `it left with the exit code ${code}` : `it was killed by ${signal}`;
      if (child.connected) this.#awaitLastWords(child, how);
      else this.#onGone(how);
    });
    if (child.pid !== undefined) {
      if (living.size === 0) process.on("exit", killAll);
      living.add(child);
    }
    return child;
  }

  /** What it has said before its end is still to be read. */
  #awaitLastWords(child: ChildProcess, how: string): void {
    const done = (): void => {
      clearTimeout(timer);
      this.#onGone(how);
    };
    // Somebody else may hold the other end of the channel, such as a program that a handler has started.
    const timer = setTimeout(done, LAST_WORDS * 1000);
    // Node tells the one or the other, depending on what was on its way.
    child.once("disconnect", done);
    child.once("close", done);
  }

  /** Once, however often its end is told. */
  #onGone(how: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#killTimer !== null) clearTimeout(this.#killTimer);
    if (this.#child?.connected) this.#child.disconnect();
    this.#handoff?.close();
    this.#blockingLink?.close();
    const pid = this.pid < 0 ? "" : ` (pid ${this.pid})`;
    this.exit(`A child process for ${this.config.className}${pid}`, how);
    this.#resolveGone();
  }

  /** Told to end, it leaves at once, with whatever it is doing; where it does not hear that, it is killed. */
  override end(): Promise<void> {
    const child = this.#child;
    if (child !== null) {
      this.#killUnlessGone(child, "it did not hear that it was to end");
      this.#blockingLink?.close();
      if (child.connected) child.disconnect();
    }
    return this.#gone;
  }

  #killUnlessGone(child: ChildProcess, reason: string): void {
    if (this.#killTimer !== null || child.exitCode !== null || child.signalCode !== null) return;
    this.#killTimer = setTimeout(() => {
      this.recordExitReason(reason);
      child.kill("SIGKILL");
    }, EXIT_GRACE * 1000);
  }

  /** The number of the process; -1 when it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  protected override onReady(): void {
    if (!(this.#handoff instanceof FdHandoff) || this.config.socketType === SOCK_STREAM) return;
    // All answers leave by the server's own socket, of which each child has a copy.
    const { socket, serverAddress: clientAddress } = this.server;
    this.#handoff.send({ id: SERVER_SOCKET, socket, clientAddress, refuse: () => void this.end() });
  }

  /** Hands a request over, and tells its number here; `null` when the child has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null {
    if (this.#child?.connected !== true) return this.markUnreachable();
    if (!(request instanceof Socket)) {
      const [data, , truncated] = request;
      const id = this.begin(job, null);
      this.queue(id, { descriptor: -1, data, truncated });
      return id;
    }
    const id = this.begin(job, request);
    const refuse = (error: unknown): void => this.settle(id, asError(error));
    this.#handoff?.send({ id, socket: request, clientAddress: job.clientAddress, refuse });
    return id;
  }

  protected override abortWorkerRequest(id: number): void {
    if (this.#handoff?.abort(id)) this.settle(id, { id, error: null, counters: null });
    else super.abortWorkerRequest(id);
    this.#blockingLink?.abort(id);
  }

  // ── what is said ──────────────────────────────────────────────────────────────────────────────────────────────────

  protected override post(message: ToWorker): void {
    this.#send(message);
  }

  #send(message: ToChild): void {
    // Pass a callback so that a closed IPC channel is not emitted as an error of this process: the end of the child is reported elsewhere.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #onMessage(message: FromChild | null): void {
    switch (message?.type) {
      case "call":
        this.#calls.deliver(message.data);
        break;
      case "failed":
        this.recordExitReason(`it failed outside a request: ${message.message}`);
        break;
      case "ready":
      case "unusable":
      case "ack":
      case "unhandled-error":
      case "results":
      case "datagram":
        this.receive(message);
        break;
      // Anything else has come from a handler that uses process.send() for itself.
    }
  }
}
