/**
 * What the tests of forking servers share.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { type Address, ForkingTCPServer, type ServerOptions } from "ts-socketserver";
import { type RunningServer, StreamTestClient, serve } from "ts-socketserver/testing";
import * as handlers from "./handlers.mjs";

/** A free port of this machine. */
export const here: Address = ["127.0.0.1", 0];

/** Counts, and notes its errors. */
export class Counting extends ForkingTCPServer {
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
  override handleError(error: unknown): void {
    this.errors.push(error);
  }
}

/** Serves with obedient handlers. */
export function counting(options: ServerOptions): Promise<RunningServer<Counting>> {
  return serve(new Counting(here, handlers.Obedient, options));
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

/** The processes that a process has started and that have not been waited for, dead ones among them. Linux only. */
export function childrenOf(parent: number): number[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.map(Number).filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  return Number(statusOf(pid)[1] ?? -1);
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

/** The descriptors of this process. Linux only. */
export function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
