// The tables of the page that have a line for each workload: the comparison, and the floors.
import { subjects } from "./subjects.mjs";
import { medians, ratio } from "./summary.mjs";
import { cell, decimals, titles, whole } from "./tables.mjs";
import { workloads } from "./workloads.mjs";

/** @typedef {import("./tables.mjs").Table} Table */
/** @typedef {Record<string, Record<string, import("./measure.mjs").Outcome>>} Measured by workload and subject */

/** What most handlers do, in the order of the table. */
const ORDINARY = [
  "lines-50x64",
  "lines",
  "echo-50x64",
  "echo-50x16k",
  "redis-p1",
  "redis-p16",
  "connect",
  "udp-64",
  "memory",
];

const ratioText = decimals(2);
const workloadNamed = (wanted) => workloads.find(({ name }) => name === wanted);

/** How many times as good a subject is as another: as fast, or as cheap. */
function advantage(workload, outcomes, subject, other) {
  const value = ratio(outcomes, subject, other, workload.compared);
  return value !== null && workload.costs ? 1 / value : value;
}

/** The number that a workload is about, with its unit. */
function resultText({ measure, compared, unit }, outcome) {
  const numbers = outcome && medians(outcome);
  if (!numbers) return cell(null);
  if (measure === "memory") return `${whole(numbers.bytesPerConnection)} B`;
  if (measure === "redis") return `${numbers.microseconds.toFixed(2)} µs`;
  return `${whole(numbers[compared])} ${unit}/s`;
}

/**
 * How this project compares with what one would use otherwise.
 *
 * @param {Measured} measured
 * @returns {Table}
 */
export function comparisonOverview(measured) {
  const rows = ORDINARY.map((name) => {
    const workload = workloadNamed(name);
    const outcomes = measured[name] ?? {};
    const python = workload.kind === "udp" ? "python-udp" : "python-threading";
    const against = (other, subject = "native") => cell(advantage(workload, outcomes, subject, other), ratioText);
    return [
      workload.title,
      resultText(workload, outcomes.native),
      against(workload.reference),
      against("go"),
      against("python-uvloop"),
      against(python),
      against(workload.reference, "node-transport"),
    ];
  });
  const head = ["", "native transport", "÷ Node's modules", "÷ Go", "÷ uvloop", "÷ Python's socketserver"];
  return { head: [...head, "Node transport ÷ Node's modules"], rows, notes: [] };
}

/** What each transport can be compared with: the floors that it stands on. */
function standsOn(transport, floor) {
  return (transport === "node-transport") === floor.endsWith("node-net");
}

/**
 * What is possible at all, and how near this project comes to it.
 *
 * @param {Measured} measured
 * @returns {Table}
 */
export function floorsOverview(measured) {
  const floors = subjects.filter(({ floor }) => floor).map(({ name }) => name);
  const rows = workloads
    .filter(({ name, measure }) => (measure === "rate" || measure === "memory") && measured[name] !== undefined)
    .flatMap((workload) => {
      const outcomes = measured[workload.name];
      const share = (subject, floor) =>
        standsOn(subject, floor) ? cell(advantage(workload, outcomes, subject, floor), ratioText) : cell(null);
      return floors
        .filter((floor) => outcomes[floor] !== undefined)
        .map((floor) => [
          workload.title,
          titles.get(floor),
          resultText(workload, outcomes[floor]),
          share("native", floor),
          share("node-transport", floor),
        ]);
    });
  return { head: ["", "floor", "it reaches", "native ÷ it", "Node transport ÷ it"], rows, notes: [] };
}
