// How others fare while one client floods the server.
import { runLoad } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";
import { LIMIT } from "../subjects.mjs";

const WARM_UP_SECONDS = 0.5;
/** Until the flood is there the others are answered quickly, many times: a median of that would hide what comes then. */
const SECONDS_UNTIL_FLOODED = 0.5;

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureFairness({ subject, workload, bench }) {
  const { seconds } = bench.settings;
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    // A load of its own, so that the loop's delay while the code is compiled does not count.
    await runLoad(bench.load, server, workload.load, { seconds: WARM_UP_SECONDS, warmUp: 0 });
    // C has no event loop of Node's, whose delay it could tell.
    const tells = subject.name !== LIMIT;
    if (tells) await server.ask("delay");
    const told = await runLoad(bench.load, server, workload.load, { seconds, warmUp: SECONDS_UNTIL_FLOODED });
    const delay = tells ? await server.ask("delay") : {};
    return {
      roundTrip: told.roundTripMedian,
      roundTrip99: told.roundTrip99,
      roundTripMax: told.roundTripMax,
      floodMegabytes: told.floodBytes / told.seconds / 1e6,
      loopDelay: delay.median,
      loopDelay99: delay.p99,
      loopDelayMax: delay.max,
    };
  } finally {
    await server.stop();
  }
}
