// How long shutdown() takes.
import { withIdleConnections } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";
import { median } from "../statistics.mjs";

const IDLE_CONNECTIONS = 50;

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureShutdown({ subject, workload, bench }) {
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    const { milliseconds } = await withIdleConnections(bench.load, server, IDLE_CONNECTIONS, () =>
      server.ask("shutdowns"),
    );
    return { median: median(milliseconds), longest: Math.max(...milliseconds), count: milliseconds.length };
  } finally {
    await server.stop();
  }
}
