/**
 * {@link ChildHost}: the server's side of one child process.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import type { Socket as NodeSocket } from "node:net";
import { fileURLToPath } from "node:url";
import type { BaseServer } from "../core/base-server.js";
import {
  AF_UNIX,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "../core/constants.js";
import { Socket } from "../core/socket.js";
import { takeUnread } from "../core/transport/node-migration.js";
import type { Transport } from "../core/transport/transport.js";
import type { DatagramRequest } from "../core/udp-server.js";
import { CallEndpoint } from "./call-endpoint.js";
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
/** Options of a connection that Node sets when it is told to, and cannot read off a connection that has moved. */
const MOVING_OPTIONS = [
  [IPPROTO_TCP, TCP_NODELAY],
  [SOL_SOCKET, SO_KEEPALIVE],
  [IPPROTO_TCP, TCP_KEEPIDLE],
] as const;

/** Connections that Node may have to move to one child. */
const MAX_MOVING = 128;

/** What a child process is started with. */
export interface ChildOptions {
  readonly assignment: Assignment;
  readonly server: BaseServer;
  readonly transport: Transport;
}

/** The children that live: also those that are busy are not to outlive this process, if it leaves in good order. */
const living = new Set<ChildProcess>();

function killAll(): void {
  for (const child of living) child.kill("SIGKILL");
}

/**
 * One child process: a program of its own, not a copy of this one.
 *
 * Messages go over Node's channel. Connections go as descriptors over a pair of sockets beside it; on the Node transport, Node
 * moves them with their messages, one at a time.
 */
export class ChildHost extends RunnerHost {
  readonly #assignment: Assignment;
  readonly #server: BaseServer;
  readonly #calls: CallEndpoint;
  readonly #gone: Promise<void>;
  /** Connections that Node is to move, and has not moved yet. */
  readonly #moving = new Map<number, NodeSocket>();
  #child: ChildProcess | null = null;
  #sender: DescriptorSender | null = null;
  #reason = "";
  #resolveGone: () => void = () => {};
  #killTimer: NodeJS.Timeout | null = null;

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
      // Told later, as that of any other child: whoever starts one does not reckon with its end at once.
      process.nextTick(() => this.#onGone(`it could not be started: ${error}`));
    }
  }

  #start(transport: Transport): void {
    const pair = transport.features.descriptors ? transport.openPair(AF_UNIX, SOCK_SEQPACKET, 0) : null;
    if (pair !== null) this.#sender = new DescriptorSender(pair[0], () => this.tellRoom());
    let child: ChildProcess;
    try {
      child = fork(PROGRAM, [], {
        execArgv: childArguments(process.execArgv),
        serialization: "advanced",
        stdio: ["ignore", "inherit", "inherit", "ipc", ...(pair === null ? [] : [pair[1].fileno()])],
      });
    } finally {
      pair?.[1].close();
    }
    this.#child = child;
    child.on("error", (error) => {
      if (child.pid === undefined) this.#onGone(`it could not be started: ${error.message}`);
    });
    child.on("message", (message: FromChild) => this.#onMessage(message));
    child.on("exit", (code, signal) => {
      living.delete(child);
      if (living.size === 0) process.off("exit", killAll);
      const how = signal === null ? `it left with the exit code ${code}` : `it was killed by ${signal}`;
      if (child.connected) this.#awaitLastWords(child, how);
      else this.#onGone(how);
    });
    if (child.pid === undefined) return;
    if (living.size === 0) process.on("exit", killAll);
    living.add(child);
    this.#tell({ type: "assignment", assignment: this.#assignment, usesDescriptors: pair !== null });
  }

  /** What it has said before its end is still to be read. */
  #awaitLastWords(child: ChildProcess, how: string): void {
    // Somebody else may hold the other end of the channel, such as a program that a handler has started.
    const timer = setTimeout(() => child.disconnect(), LAST_WORDS * 1000);
    child.once("disconnect", () => {
      clearTimeout(timer);
      this.#onGone(how);
    });
  }

  /** The number of the process; -1 when it could not be started. */
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  override get accepts(): boolean {
    return this.#sender?.hasRoom ?? this.#moving.size < MAX_MOVING;
  }

  protected override onReady(): void {
    if (this.#sender === null || this.#assignment.socketType === SOCK_STREAM) return;
    // All answers leave by the server's own socket, of which each child has a copy.
    this.#sender.send(SERVER_SOCKET, this.#server.socket, () => {});
  }

  // ── requests ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Hands a request over, and tells its number here; `null` when the child has ended, and the request is still the server's. */
  give(job: Job, request: Socket | DatagramRequest): number | null {
    if (this.#child?.connected !== true) return null;
    if (!(request instanceof Socket)) {
      const [data, , truncated] = request;
      return this.send(job, { descriptor: -1, data, truncated });
    }
    const id = this.begin(job);
    const refuse = (error: unknown): void => this.settle(id, error instanceof Error ? error : new Error(String(error)));
    if (this.#sender !== null) {
      this.#sender.send(id, request, (error) => {
        if (error === null) this.queue(id, { descriptor: -1 });
        else refuse(error);
      });
      return id;
    }
    try {
      this.#move(this.#child, id, job, request);
    } catch (error) {
      refuse(error);
    }
    return id;
  }

  /** Has Node move a connection, which is no longer here from then on. */
  #move(child: ChildProcess, id: number, { clientAddress }: Job, request: Socket): void {
    const options = MOVING_OPTIONS.map(
      ([level, option]) => [level, option, request.getsockopt(level, option)] as const,
    );
    const socket = request.toNodeSocket() as NodeSocket;
    socket.on("error", () => {});
    const unread = takeUnread(socket);
    const moved = options.filter(([, , value]) => value !== 0);
    const message: ToChild = { type: "connection", connection: { id, clientAddress, unread, options: moved } };
    this.#moving.set(id, socket);
    child.send(message, socket, {}, () => {
      this.#moving.delete(id);
      this.tellRoom();
    });
  }

  override breakOff(id: number): void {
    if (this.#sender?.withdraw(id)) this.settle(id, { id, error: null, counters: null });
    else super.breakOff(id);
  }

  // ── what is said ──────────────────────────────────────────────────────────────────────────────────────────────────

  protected override post(message: ToRunner): void {
    this.#tell(message);
  }

  #tell(message: ToChild): void {
    // With somebody to tell a failure, it is no error of this process: the child has ended, which is told elsewhere.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #onMessage(message: FromChild): void {
    switch (message?.type) {
      case "results":
        // Also where the child's confirmation is still on its way: from now on, the connection is the handler's alone.
        for (const { id } of message.results) this.#sender?.confirm(id);
        this.receive(message);
        break;
      case "ready":
      case "unusable":
      case "left-error":
        this.receive(message);
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

  async #sendDatagram({ id, data, address }: FromChild & { type: "datagram" }): Promise<void> {
    let error: unknown = null;
    try {
      await this.#server.socket.sendto(data, address);
    } catch (failure) {
      error = failure;
    }
    this.#tell({ type: "datagram-sent", id, error: error === null ? null : packError(error) });
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #onGone(how: string): void {
    if (this.#killTimer !== null) clearTimeout(this.#killTimer);
    this.#sender?.close();
    for (const socket of this.#moving.values()) socket.destroy();
    this.#moving.clear();
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
}

/** Flags that say what this process is to run, or that only one process can have; the second ones are followed by a value. */
const OWN_FLAGS =
  /^(-i|--interactive|-c|--check|-e|--eval|-p|--print|-pe|--input-type|--watch|--watch-path|--test)(=|$)/;
const WITH_VALUE = /^(-e|--eval|-p|--print|-pe|--input-type|--watch-path)$/;
const INSPECT = /^--inspect(-brk|-wait|-port)?(=|$)/;

/**
 * The flags for a child: those of this process (by which it runs TypeScript, for instance), but for what belongs to one
 * process alone. Where this one is debugged, each child is too, at a port that is free.
 */
function childArguments(own: readonly string[]): string[] {
  const flags: string[] = [];
  for (let index = 0; index < own.length; index += 1) {
    const flag = own[index] ?? "";
    if (OWN_FLAGS.test(flag)) index += WITH_VALUE.test(flag) ? 1 : 0;
    else if (INSPECT.test(flag)) flags.push("--inspect=0");
    else flags.push(flag);
  }
  return flags;
}
