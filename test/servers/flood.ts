/**
 * Clients that send more than a server should take, and what that costs the server.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type Address, parseAddress } from "ts-socketserver";
import { StreamTestClient } from "ts-socketserver/testing";
import { expect } from "vitest";
import { RunningCommand } from "../support/running-command.js";

export const MEGABYTE = 1024 * 1024;
const ALL = 100 * MEGABYTE;
const NODE_MAJOR = Number(process.versions.node.split(".")[0]);
/** What a server may need beyond what it has when it is idle. From Node 24 on V8 collects later: some 75 MB were seen there. */
const BOUND = (NODE_MAJOR < 24 ? 60 : 90) * MEGABYTE;

/** Why memory cannot be measured here, in brackets; `""` where it can. */
export const unmeasured = process.platform === "linux" ? "" : " (skipped: there is no /proc to read memory from)";

/** A bundled server in a process of its own. */
export async function startServer(name: string): Promise<{ command: RunningCommand; address: Address }> {
  const command = RunningCommand.start(name, "--tcp", "127.0.0.1:0");
  return { command, address: parseAddress((await command.started()).serverAddress) };
}

/** The most memory that a process has ever had, in bytes. */
export function peakMemory(pid: number | undefined): number {
  const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

/**
 * Sends 100 MB to a server, or as much as it takes, and reads to the end.
 *
 * @param first what is sent before them.
 * @returns what the server has answered, at its end of the connection; its memory has not grown.
 */
export async function flood(
  { command, address }: { command: RunningCommand; address: Address },
  piece: Buffer,
  first: string | Uint8Array = "",
): Promise<string> {
  const before = peakMemory(command.pid);
  await using client = await StreamTestClient.connect(address);
  await client.write(first);
  // It may be gone in the middle of it.
  for (let sent = 0; sent < ALL && client.error === null && !client.raw.destroyed; sent += piece.length) {
    await client.write(piece);
    if (client.raw.readableEnded) break;
  }
  client.end();
  const answer = await client.readAll();
  expect(peakMemory(command.pid) - before).toBeLessThan(BOUND);
  return answer;
}
