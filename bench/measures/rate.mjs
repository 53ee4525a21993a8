// How much a subject serves in a second, and what that costs it.
import { runLoad } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";

/** Enough for V8 to have optimised what is run. */
const WARM_UP_SECONDS = 1;

/** User and system time of the server's process, without its children: hardly disturbed by what else the machine does. */
function processorTime({ messages, seconds, serverSeconds }) {
  return {
    perProcessorSecond: messages / serverSeconds,
    microseconds: (serverSeconds / messages) * 1e6,
    serverCore: serverSeconds / seconds,
  };
}

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureRate({ subject, workload, bench }) {
  const { seconds } = bench.settings;
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools), workload);
  try {
    const told = await runLoad(bench.load, server, workload.load, { seconds, warmUp: WARM_UP_SECONDS });
    return {
      perSecond: told.messages / told.seconds,
      megabytesPerSecond: (told.messages * workload.load.bytes) / told.seconds / 1e6,
      ...(workload.spreads ? {} : processorTime(told)),
      loadCore: told.loadSeconds / told.seconds,
      foundPerTurn: told.foundPerTurn,
      lost: told.lost ?? 0,
    };
  } finally {
    await server.stop();
  }
}
