// What a connection costs that has been served and is idle.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { withIdleConnections } from "../load-process.mjs";
import { descriptorLimit } from "../machine.mjs";
import { ServerProcess } from "../server-process.mjs";

const WANTED_CONNECTIONS = 8000;
/** What a process needs besides: its own files, and room for a runtime's. */
const OTHER_DESCRIPTORS = 200;
/** Served and closed before anything is measured, so that the code is loaded. */
const FIRST_CONNECTIONS = 50;
const SECONDS_TO_SETTLE = 0.2;

/** As many as the system allows, 8,000 at most. */
export const idleConnections = Math.min(WANTED_CONNECTIONS, descriptorLimit - OTHER_DESCRIPTORS);

/** Resident bytes of a process, once it has come to rest. */
async function residentBytes(server, collects) {
  await sleep(SECONDS_TO_SETTLE * 1000);
  if (collects) {
    await server.ask("collect");
    await sleep(SECONDS_TO_SETTLE * 1000);
  }
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error(`Cannot read VmRSS of process ${server.pid}`);
  return Number(kilobytes) * 1024;
}

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureMemory({ subject, workload, bench }) {
  const how = subject.server(workload.kind, bench.tools);
  const collects = how.command.includes("--expose-gc");
  const server = await ServerProcess.start(subject.name, how);
  try {
    await withIdleConnections(bench.load, server, FIRST_CONNECTIONS, async () => {});
    const before = await residentBytes(server, collects);
    const after = await withIdleConnections(bench.load, server, idleConnections, () => residentBytes(server, collects));
    return { bytesPerConnection: (after - before) / idleConnections, before, after };
  } finally {
    await server.stop();
  }
}
