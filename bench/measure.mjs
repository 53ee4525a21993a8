// One workload, all its subjects, taken in turn.
import { looksDisturbed } from "./disturbance.mjs";
import { measureCrowd } from "./measures/crowd.mjs";
import { measureFairness } from "./measures/fairness.mjs";
import { measureLatency } from "./measures/latency.mjs";
import { measureMemory } from "./measures/memory.mjs";
import { measureRate } from "./measures/rate.mjs";
import { measureRedis } from "./measures/redis.mjs";
import { measureShutdown } from "./measures/shutdown.mjs";

const MEASURES = {
  rate: measureRate,
  redis: measureRedis,
  latency: measureLatency,
  memory: measureMemory,
  shutdown: measureShutdown,
  fairness: measureFairness,
  crowd: measureCrowd,
};

/** How often a turn is taken again that another process was in the way of. More would hide a server that waits. */
const REPEATS = 2;

/**
 * @typedef {object} Bench what a measurement needs
 * @property {import("./subjects.mjs").Tools} tools
 * @property {string} load the load generator
 * @property {import("./arguments.mjs").Settings} settings
 *
 * @typedef {object} Turn
 * @property {import("./subjects.mjs").Subject} subject
 * @property {import("./workloads.mjs").Workload} workload
 * @property {Bench} bench
 *
 * @typedef {object} Outcome
 * @property {Record<string, number>[]} rounds what was measured, a round each
 * @property {string | null} failure why there is nothing, or no more
 */

/** Whether a subject takes part in a workload. */
export function takesPart(subject, workload) {
  return subject.kinds.includes(workload.kind) && (subject.workloads?.includes(workload.name) ?? true);
}

/** @param {Turn} turn */
async function takeTurn(turn) {
  let numbers = await MEASURES[turn.workload.measure](turn);
  for (let repeat = 0; repeat < REPEATS && looksDisturbed(turn.workload, numbers); repeat += 1) {
    numbers = await MEASURES[turn.workload.measure](turn);
  }
  return numbers;
}

/**
 * Measures a workload. The subjects take turns within each round, so that whatever else the machine does hits them alike;
 * every other round goes backwards, so that no subject always comes after the same one.
 *
 * @param {import("./workloads.mjs").Workload} workload
 * @param {import("./subjects.mjs").Subject[]} subjects those that can be measured here
 * @param {Bench} bench
 * @param {(round: number) => void} tellRound called as each begins
 * @returns {Promise<Record<string, Outcome>>}
 */
export async function measureWorkload(workload, subjects, bench, tellRound) {
  const taking = subjects.filter((subject) => takesPart(subject, workload));
  /** @type {Record<string, Outcome>} */
  const outcomes = {};
  for (const { name } of taking) outcomes[name] = { rounds: [], failure: null };
  const rounds = workload.rounds ?? bench.settings.rounds;
  for (let round = 1; round <= rounds; round += 1) {
    tellRound(round);
    for (const subject of round % 2 === 1 ? taking : taking.toReversed()) {
      const outcome = outcomes[subject.name];
      if (outcome.failure !== null) continue;
      try {
        outcome.rounds.push(await takeTurn({ subject, workload, bench }));
      } catch (error) {
        // The others can still be measured.
        outcome.failure = error.message;
      }
    }
  }
  return outcomes;
}
