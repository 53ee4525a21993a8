/**
 * The two ways of running handlers elsewhere, on every transport that can: what the suites of this folder are run over.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { pino } from "pino";
import {
  type Address,
  type BaseServer,
  capabilities,
  type DatagramServer,
  ForkingTCPServer,
  ForkingUDPServer,
  type ServerOptions,
  type StreamServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
} from "ts-socketserver";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import { nodeTransport, type Transport } from "ts-socketserver/transport";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, vi } from "vitest";
import { movesToThreads } from "../support/node-version.js";
import { Obedient, ObedientDatagram } from "../support/obedient-handlers.mjs";
import { transports } from "../support/transports.js";

type StreamHandler = ConstructorParameters<typeof ForkingTCPServer>[1];
type DatagramHandler = ConstructorParameters<typeof ForkingUDPServer>[1];

/** A free port of this machine. */
export const here: Address = ["127.0.0.1", 0];

/** For polls: threads and processes take their time on a busy machine. */
export const patient = { timeout: 30_000 };
/** For the suites that start them. */
export const slow = { timeout: 90_000 };

/** What handlers can ask the server for, and where it notes their errors. */
export interface Counting {
  readonly errors: unknown[];
  count(): number;
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript wants exactly `any[]` of a mix-in's constructor (TS2545).
type AnyArguments = any[];

function CountingMixIn<Base extends abstract new (...args: AnyArguments) => BaseServer>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => Counting) {
  abstract class CountingServer extends Server implements Counting {
    readonly errors: unknown[] = [];
    #count = 0;
    count(): number {
      this.#count += 1;
      return this.#count;
    }
    failing(): never {
      throw new RangeError("the server's own");
    }
    secret(): () => void {
      return () => {};
    }
    override async handleError(error: unknown, request: unknown, clientAddress: Address): Promise<void> {
      this.errors.push(error);
      await super.handleError(error, request, clientAddress);
    }
  }
  return CountingServer;
}

/** Its handlers run in threads. */
export class CountingThreads extends CountingMixIn(ThreadingTCPServer) {}
/** Its handlers run in child processes. */
export class CountingChildren extends CountingMixIn(ForkingTCPServer) {}
class CountingDatagramThreads extends CountingMixIn(ThreadingUDPServer) {}
class CountingDatagramChildren extends CountingMixIn(ForkingUDPServer) {}

/** How many run, and the rest. */
export interface ModelOptions extends ServerOptions {
  /** Threads or children; 1. */
  readonly workers?: number;
}

/** A way of running handlers elsewhere, on a transport. */
export class RemoteModel {
  readonly name: "threading" | "forking";
  readonly transport: Transport;

  constructor(name: "threading" | "forking", transport: Transport) {
    this.name = name;
    this.transport = transport;
  }

  toString(): string {
    return `${this.name} on the ${this.transport.name} transport`;
  }

  /** What is told when one who runs handlers has ended. @param reason the words of a regular expression */
  lossBecause(reason: string): RegExp {
    const who = this.name === "threading" ? "A thread for \\w+" : "A child process for \\w+ \\(pid \\d+\\)";
    return new RegExp(`^${who} has ended: ${reason}$`);
  }

  /** Whether a connection that somebody has not begun with when it ends is still the server's. */
  get keepsConnections(): boolean {
    return this.name === "forking" || this.transport.features.descriptors;
  }

  #options({ workers = 1, ...options }: ModelOptions): ServerOptions {
    const { transport } = this;
    const count = this.name === "threading" ? { threads: workers } : { children: workers };
    return { transport, logger: pino({ level: "silent" }), ...count, ...options };
  }

  /** A server of TCP, which is not open. */
  make(options: ModelOptions = {}, handler: StreamHandler = Obedient): CountingThreads | CountingChildren {
    const Server = this.name === "threading" ? CountingThreads : CountingChildren;
    return new Server(here, handler, this.#options(options));
  }

  /** Serves TCP. */
  serve(options: ModelOptions = {}, handler?: StreamHandler): Promise<RunningServer<StreamServer & Counting>> {
    return serve(this.make(options, handler));
  }

  /** Serves UDP. */
  serveDatagrams(
    options: ModelOptions = {},
    handler: DatagramHandler = ObedientDatagram,
  ): Promise<RunningServer<DatagramServer & Counting>> {
    const Server = this.name === "threading" ? CountingDatagramThreads : CountingDatagramChildren;
    return serve(new Server(here, handler, this.#options(options)));
  }
}

const forking = transports.map((transport) => new RemoteModel("forking", transport));
/** On which transports this Node can hand connections to threads is told by test/cpython/servers.test.ts. */
const threading = transports
  .filter((transport) => transport !== nodeTransport || movesToThreads)
  .map((transport) => new RemoteModel("threading", transport));

/** Each of them, on each transport that can. */
export const models: readonly RemoteModel[] = [...threading, ...forking];

/** Each of them once, on the transport that servers have here: for what does not depend on the transport. */
export const kinds: readonly RemoteModel[] = models.filter(
  ({ transport }) => transport.name === capabilities().transport,
);

/**
 * One server for all tests of a describe(). When a test begins, it has nothing to do, and no errors; a thread or child that a test
 * has ended is replaced.
 *
 * @returns what gives it, in a test.
 */
export function shared<Server extends BaseServer & Counting>(
  start: () => Promise<RunningServer<Server>>,
): () => RunningServer<Server> {
  let running: RunningServer<Server> | undefined;
  const use = (): RunningServer<Server> => {
    if (running === undefined) throw new Error("The server is there in tests alone");
    return running;
  };
  beforeAll(async () => {
    running = await start();
  }, 60_000);
  beforeEach(async () => {
    const { server } = use();
    await expect.poll(() => server.activeRequests, patient).toBe(0);
    server.errors.splice(0);
  }, 60_000);
  afterAll(() => running?.close(), 60_000);
  return use;
}

/** Gives a server that is shared other options, until the test is over. */
export function lend(server: object, options: ServerOptions): void {
  const before = Object.fromEntries(Object.keys(options).map((name) => [name, Reflect.get(server, name)]));
  Object.assign(server, options);
  onTestFinished(() => void Object.assign(server, before));
}

/** Waits for something while no timer of this process runs out: what comes then has not waited for one. */
export async function withoutTimers(wait: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    await wait();
  } finally {
    vi.useRealTimers();
  }
}

/** Has the timers of this process run out only when the test tells them to (`vi.advanceTimersByTime()`), until it is over. */
export function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** A client's order and the answer. */
export async function tell(client: StreamTestClient, order: string): Promise<string> {
  await client.write(`${order}\n`);
  return (await client.readLine()).trimEnd();
}

/** A client that gives one order, and reads to the end. */
export async function order(address: Address, text: string): Promise<string> {
  await using client = await StreamTestClient.connect(address);
  await client.write(`${text}\n`);
  client.end();
  return await client.readAll();
}

/** Why what a process has cannot be counted here, in brackets. */
export const unlessLinux = process.platform === "linux" ? "" : " (skipped: reads /proc, which only Linux has)";

/** What this process has: its descriptors, its threads, its children. Linux only. */
export function possessions(): { descriptors: number; threads: number; children: number[] } {
  const count = (directory: string): number => readdirSync(directory).length;
  return {
    descriptors: count("/proc/self/fd"),
    threads: count("/proc/self/task"),
    children: childrenOf(process.pid),
  };
}

/** The processes that a process has started and that have not been waited for, dead ones among them. Linux only. */
export function childrenOf(parent: number): number[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.map(Number).filter((pid) => Number(statusOf(pid)[1] ?? -1) === parent);
}

/** What the system says of a process: its state, its parent, and more; nothing when it is gone. */
function statusOf(pid: number): string[] {
  try {
    // The name before it stands in brackets, and may hold anything.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return [];
  }
}

/** Whether a process runs. One that has ended, and that whoever has inherited it has not waited for as yet, does not. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || statusOf(pid)[0] !== "Z";
}
