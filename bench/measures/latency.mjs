// How long the answer to a batch takes.
import { runLoad } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";

/** A new connection acknowledges at once for a while, which hides what a server waits for. */
const WARM_UP_SECONDS = 1;

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureLatency({ subject, workload, bench }) {
  const { seconds } = bench.settings;
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    const measured = await runLoad(bench.load, server, workload.load, { seconds, warmUp: WARM_UP_SECONDS });
    return {
      roundTrip: measured.roundTripMedian,
      roundTrip99: measured.roundTrip99,
      roundTripMax: measured.roundTripMax,
    };
  } finally {
    await server.stop();
  }
}
