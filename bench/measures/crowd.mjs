// How long a crowd of clients takes that come all at once.
import { runLoad } from "../load-process.mjs";
import { ServerProcess } from "../server-process.mjs";

/**
 * @param {import("../measure.mjs").Turn} turn
 */
export async function measureCrowd({ subject, workload, bench }) {
  const server = await ServerProcess.start(subject.name, subject.server(workload.kind, bench.tools));
  try {
    const { seconds } = await runLoad(bench.load, server, workload.load, {
      seconds: bench.settings.seconds,
      warmUp: 0,
    });
    return { seconds };
  } finally {
    await server.stop();
  }
}
