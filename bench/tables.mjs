// The tables of results: once as text for a terminal, once as Markdown for the page.
import { looksDisturbed } from "./disturbance.mjs";
import { LIMIT, subjects } from "./subjects.mjs";
import { medians, ratio } from "./summary.mjs";

/**
 * @typedef {object} Table
 * @property {string[]} head
 * @property {string[][]} rows the first cell of each is text, the others numbers
 * @property {string[]} notes below it
 */

/** A core that is busy for less than this had something to wait for. */
const BUSY = 0.95;

export const titles = new Map(subjects.map(({ name, title }) => [name, title]));
const floors = new Set(subjects.filter(({ floor }) => floor).map(({ name }) => name));

export const whole = (value) => Math.round(value).toLocaleString("en-US");
export const decimals = (count) => (value) => value.toFixed(count);
const percent = (value) => `${Math.round(value * 100)} %`;
const megabytes = (value) => (value / 1e6).toFixed(1);

/** What is printed where there is no number. */
const NONE = "–";

export function cell(value, format) {
  return value === undefined || value === null ? NONE : format(value);
}

/** The values of a column that compares. */
function against(outcomes, name, number) {
  return (_numbers, subject) => ratio(outcomes, subject, name, number);
}

/** @param {import("./workloads.mjs").Workload} workload */
function rateColumns(workload, outcomes) {
  const reference = titles.get(workload.reference);
  const byRate = workload.compared === "perSecond";
  const other = byRate ? "perProcessorSecond" : "perSecond";
  const columns = [
    [`${workload.unit}/s`, "perSecond", whole],
    [`÷ ${reference}`, against(outcomes, workload.reference, workload.compared), decimals(2)],
    ...(outcomes[LIMIT] === undefined
      ? []
      : [[`÷ ${titles.get(LIMIT)}`, against(outcomes, LIMIT, workload.compared), decimals(2)]]),
    ["server µs", "microseconds", decimals(2)],
    [`÷ ${reference}, by ${byRate ? "µs" : "rate"}`, against(outcomes, workload.reference, other), decimals(2)],
    ["server core", "serverCore", percent],
    ["load core", "loadCore", percent],
  ];
  if (workload.kind === "udp") columns.push(["lost/s", (_numbers, subject) => lostPerSecond(outcomes[subject]), whole]);
  if (["echo", "echo-lines", "udp"].includes(workload.kind))
    columns.splice(1, 0, ["MB/s", "megabytesPerSecond", decimals(1)]);
  return columns;
}

function lostPerSecond({ rounds }) {
  const lost = rounds.map((round) => round.lost).reduce((one, other) => one + other, 0);
  return lost / rounds.length;
}

const COLUMNS = {
  rate: rateColumns,
  redis: (workload, outcomes) => [
    ["server µs", "microseconds", decimals(2)],
    [`÷ ${titles.get(workload.reference)}`, against(outcomes, workload.reference, workload.compared), decimals(2)],
    ["requests/s", "perSecond", whole],
    ["server core", "serverCore", percent],
  ],
  latency: () => [
    ["round trip ms", "roundTrip", decimals(3)],
    ["99 % below", "roundTrip99", decimals(3)],
    ["longest", "roundTripMax", decimals(3)],
  ],
  memory: (workload, outcomes) => [
    ["bytes per connection", "bytesPerConnection", whole],
    [`÷ ${titles.get(workload.reference)}`, against(outcomes, workload.reference, workload.compared), decimals(2)],
    ["MB before", "before", megabytes],
    ["MB with them", "after", megabytes],
  ],
  shutdown: () => [
    ["median ms", "median", decimals(2)],
    ["longest ms", "longest", decimals(2)],
  ],
  crowd: () => [["seconds", "seconds", decimals(2)]],
  fairness: () => [
    ["round trip ms", "roundTrip", decimals(3)],
    ["99 % below", "roundTrip99", decimals(3)],
    ["flood MB/s", "floodMegabytes", whole],
    ["loop's delay ms", "loopDelay", decimals(2)],
    ["99 % below", "loopDelay99", decimals(2)],
    ["longest", "loopDelayMax", decimals(2)],
  ],
};

/** What must be known about a row to read it rightly. */
function marksOf(workload, numbers) {
  if (workload.measure !== "rate" || workload.waits) return [];
  if (numbers.loadCore >= BUSY && numbers.serverCore < BUSY) return ["‡"];
  return looksDisturbed(workload, numbers) ? ["†"] : [];
}

const MARKS = {
  "‡": "‡ The load was the limit: what the server could do is told by its processor time.",
  "†": "† Neither core was busy: something else took processor time, or the server waited.",
};

/** The table of a workload without the floors, which the page shows in a table of their own. */
export function comparisonTable(workload, outcomes) {
  return workloadTable(workload, Object.fromEntries(Object.entries(outcomes).filter(([name]) => !floors.has(name))));
}

/**
 * The table of a workload.
 *
 * @param {import("./workloads.mjs").Workload} workload
 * @param {Record<string, import("./measure.mjs").Outcome>} outcomes by subject
 * @returns {Table}
 */
export function workloadTable(workload, outcomes) {
  const columns = COLUMNS[workload.measure](workload, outcomes);
  const rows = [];
  const failures = [];
  const marks = new Set();
  for (const [subject, outcome] of Object.entries(outcomes)) {
    const numbers = medians(outcome);
    if (numbers === null) {
      failures.push(`${titles.get(subject)} failed: ${outcome.failure}`);
      continue;
    }
    const own = marksOf(workload, numbers);
    for (const mark of own) marks.add(mark);
    const cells = columns.map(([, value, format]) =>
      cell(typeof value === "string" ? numbers[value] : value(numbers, subject), format),
    );
    rows.push([[titles.get(subject), ...own].join(" "), ...cells]);
  }
  return {
    head: ["subject", ...columns.map(([title]) => title)],
    rows,
    notes: [...[...marks].map((mark) => MARKS[mark]), ...failures],
  };
}

const DISTURBED_BAR =
  "Disturbed: something else took processor time while it was measured. Measure again; until then, look at the column by server µs.";

/**
 * The table of what must be reached.
 *
 * @param {import("./verdicts.mjs").Verdict[]} verdicts
 * @returns {Table}
 */
export function barsTable(verdicts) {
  const rows = verdicts.map(({ bar, value, byMicroseconds, other, verdict }) => [
    bar.what,
    titles.get(bar.subject),
    [measuredText(bar, value), ...(other === null ? [] : [measuredText(bar.or, other)])].join(", "),
    cell(byMicroseconds, decimals(2)),
    barText(bar),
    verdict,
  ]);
  return {
    head: ["what", "subject", "measured", "by server µs", "must be", ""],
    rows,
    notes: verdicts.some(({ verdict }) => verdict === "disturbed") ? [DISTURBED_BAR] : [],
  };
}

function measuredText({ to, unit }, value) {
  if (value === null) return NONE;
  return to === undefined ? `${value.toFixed(2)} ${unit}` : `${value.toFixed(2)} × ${titles.get(to)}`;
}

function barText({ atLeast, atMost, under, unit, or }) {
  if (or !== undefined) return `≥ ${atLeast.toFixed(2)}, or ${barText(or)} × ${titles.get(or.to)}`;
  if (atLeast !== undefined) return `≥ ${atLeast.toFixed(2)}`;
  if (atMost !== undefined) return `≤ ${atMost.toFixed(2)}`;
  return `< ${under} ${unit}`;
}

function widths({ head, rows }) {
  return head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
}

/** @param {Table} table @param {boolean} [words] whether the other columns are words, too */
export function asText(table, words = false) {
  const wide = widths(table);
  const line = (cells) =>
    cells.map((text, column) => (column === 0 || words ? text.padEnd(wide[column]) : text.padStart(wide[column])));
  const lines = [table.head, ...table.rows].map((cells) => line(cells).join("  ").trimEnd());
  return [...lines, ...table.notes].join("\n");
}

/** @param {Table} table @param {boolean} [words] whether the other columns are words, too */
export function asMarkdown(table, words = false) {
  const wide = widths(table).map((width) => Math.max(width, 3));
  const line = (cells) => {
    const padded = cells.map((text, column) =>
      column === 0 || words ? text.padEnd(wide[column]) : text.padStart(wide[column]),
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = wide.map((width, column) => (column === 0 || words ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const lines = [line(table.head), line(rule), ...table.rows.map(line)];
  const notes = table.notes.map((note) => `\n${note}`);
  return [...lines, ...notes].join("\n");
}
