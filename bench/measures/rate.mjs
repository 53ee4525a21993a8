// How much a subject serves in a second, and what that costs it.
import { runLoad } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";

/** Enough for V8 to have optimised what is run. */
const WARM_UP_SECONDS = 0.5;

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureRate({ subject, workload, bench }) {
  const { seconds } = bench.settings;
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    const told = await runLoad(bench.load, server, workload.load, { seconds, warmUp: WARM_UP_SECONDS });
    return {
      perSecond: told.messages / told.seconds,
      megabytesPerSecond: (told.messages * workload.load.bytes) / told.seconds / 1e6,
      // User and system time of the server's process: hardly disturbed by what else the machine does.
      perProcessorSecond: told.messages / told.serverSeconds,
      microseconds: (told.serverSeconds / told.messages) * 1e6,
      serverCore: told.serverSeconds / told.seconds,
      loadCore: told.loadSeconds / told.seconds,
      foundPerTurn: told.foundPerTurn,
      lost: told.lost ?? 0,
    };
  } finally {
    await server.stop();
  }
}
