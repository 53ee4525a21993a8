/**
 * {@link ChildHost}: the server's side of one child process.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BaseServer } from "../core/base-server.js";
import { AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM } from "../core/constants.js";
import { Socket } from "../core/socket.js";
import type { Channel, Transport } from "../core/transport/transport.js";
import type { DatagramRequest } from "../core/udp-server.js";
import { CallEndpoint } from "./call-endpoint.js";
import { childArguments } from "./child-arguments.js";
import type { ConnectionCarrier } from "./connection-carrier.js";
import { ConnectionMover } from "./connection-mover.js";
import { SERVER_SOCKET } from "./descriptor-packets.js";
import { DescriptorSender } from "./descriptor-sender.js";
import { packError } from "./error-message.js";
import type { Assignment, FromChild, ToChild, ToRunner } from "./messages.js";
import { exposeServer } from "./remote-server.js";
import { type HostOwner, type Job, RunnerHost } from "./runner-host.js";

/** The built program, also where this file is run as TypeScript. */
const PROGRAM = fileURLToPath(new URL("../../dist/mixins/child-main.js", import.meta.url));
/** How long, in seconds, a child that was told to end may take; one that computes does not hear it. */
const GRACE = 0.5;
/** How long, in seconds, what a child said last may take to come in after its end. */
const LAST_WORDS = 1;

/** What a child process is started with. */
export interface ChildOptions {
  readonly assignment: Assignment;
  readonly server: BaseServer;
  readonly transport: Transport;
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
export class ChildHost extends RunnerHost {
  readonly #assignment: Assignment;
  readonly #server: BaseServer;
  readonly #calls: CallEndpoint;
  readonly #gone: Promise<void>;
  #resolveGone: () => void = () => {};
  #child: ChildProcess | null = null;
  #carrier: ConnectionCarrier | null = null;
  #killTimer: NodeJS.Timeout | null = null;
  #isGone = false;
  #reason = "";

  constructor(owner: HostOwner, { assignment, server, transport }: ChildOptions) {
    super(owner);
    this.#assignment = assignment;
    this.#server = server;
    this.#calls = new CallEndpoint((data) => this.#tell({ type: "call", data }));
    exposeServer(server, this.#calls);
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    try {
      this.#start(transport);
    } catch (error) {
      // Told later, as the end of any other child: who starts one does not reckon with it at once.
      process.nextTick(() =>
        this.#onGone(`it could not be started: ${error instanceof Error ? error.message : error}`),
      );
    }
  }

  // ── the process ───────────────────────────────────────────────────────────────────────────────────────────────────

  #start(transport: Transport): void {
    const pair = transport.features.descriptors ? transport.openPair(AF_UNIX, SOCK_SEQPACKET, 0) : null;
    const [own, other] = pair ?? [null, null];
    try {
      const child = this.#fork(other);
      this.#carrier =
        own === null
          ? new ConnectionMover(child, () => this.tellRoom())
          : new DescriptorSender(
              own,
              (id) => this.queue(id, { descriptor: -1 }),
              () => this.tellRoom(),
            );
    } catch (error) {
      own?.close();
      throw error;
    } finally {
      other?.close();
    }
    this.#tell({ type: "assignment", assignment: this.#assignment, usesDescriptors: own !== null });
  }

  #fork(link: Channel | null): ChildProcess {
    const child = fork(PROGRAM, [], {
      execArgv: childArguments(process.execArgv),
      serialization: "advanced",
      // The last is LINK_DESCRIPTOR there.
      stdio: ["ignore", "inherit", "inherit", "ipc", ...(link === null ? [] : [link.fileno()])],
    });
    this.#child = child;
    child.on("message", (message: FromChild) => this.#onMessage(message));
    child.on("error", (error) => {
      if (child.pid === undefined) this.#onGone(`it could not be started: ${error.message}`);
    });
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
    this.#carrier?.close();
    const pid = this.pid < 0 ? "" : ` (pid ${this.pid})`;
    this.exit(`A child process for ${this.#assignment.className}${pid} has ended: ${this.#reason || how}`);
    this.#resolveGone();
  }

  /** Told to end, it leaves at once, with whatever it is doing; where it does not hear that, it is killed. */
  override end(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null && this.#killTimer === null) {
      this.#reason ||= "it was told to, because of a request that did not end";
      this.#killTimer = setTimeout(() => child.kill("SIGKILL"), GRACE * 1000);
      if (child.connected) child.disconnect();
    }
    return this.#gone;
  }

  /** The number of the process; -1 when it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  override get accepts(): boolean {
    return this.#carrier?.hasRoom ?? false;
  }

  protected override onReady(): void {
    if (!(this.#carrier instanceof DescriptorSender) || this.#assignment.socketType === SOCK_STREAM) return;
    // All answers leave by the server's own socket, of which each child has a copy.
    const { socket, serverAddress: clientAddress } = this.#server;
    this.#carrier.send({ id: SERVER_SOCKET, socket, clientAddress, refuse: () => void this.end() });
  }

  /** Hands a request over, and tells its number here; `null` when the child has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null {
    if (this.#child?.connected !== true) return null;
    if (!(request instanceof Socket)) {
      const [data, , truncated] = request;
      return this.send(job, { descriptor: -1, data, truncated });
    }
    const id = this.begin(job);
    const refuse = (error: unknown): void => this.settle(id, error instanceof Error ? error : new Error(String(error)));
    this.#carrier?.send({ id, socket: request, clientAddress: job.clientAddress, refuse });
    return id;
  }

  override breakOff(id: number): void {
    if (this.#carrier?.withdraw(id)) this.settle(id, { id, error: null, counters: null });
    else super.breakOff(id);
  }

  protected override hasBegun(id: number): boolean {
    return this.#carrier?.holds(id) !== true;
  }

  // ── what is said ──────────────────────────────────────────────────────────────────────────────────────────────────

  protected override post(message: ToRunner): void {
    this.#tell(message);
  }

  #tell(message: ToChild): void {
    // With somebody to tell a failure, it is no error of this process: the child has ended, which is told elsewhere.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #onMessage(message: FromChild | null): void {
    switch (message?.type) {
      case "results":
        // Also where the child's confirmation is still on its way: from now on, the connection is the handler's alone.
        for (const { id } of message.results) this.#carrier?.confirm(id);
        this.receive(message);
        break;
      case "ready":
      case "unusable":
      case "left-error":
        this.receive(message);
        break;
      case "taken":
        this.#carrier?.confirm(message.id);
        break;
      case "call":
        this.#calls.deliver(message.data);
        break;
      case "failed":
        this.#reason = `it failed outside a request: ${message.message}`;
        break;
      case "datagram":
        void this.#sendDatagram(message);
        break;
      // Anything else has come from a handler that uses process.send() for itself.
    }
  }

  async #sendDatagram({ id, data, address }: Extract<FromChild, { type: "datagram" }>): Promise<void> {
    let error: unknown = null;
    try {
      await this.#server.socket.sendto(data, address);
    } catch (failure) {
      error = failure;
    }
    this.#tell({ type: "datagram-sent", id, error: error === null ? null : packError(error) });
  }
}
