// What `npm run bench` can be told.
import { parseArgs } from "node:util";

/** A round more than two, so that the median is not a mean, and one bad round does not count. */
export const ROUNDS_FOR_A_PAGE = 3;

const USAGE = `Measures this project beside others, in one run.

  npm run bench                      everything, and writes docs/benchmark.md and docs/benchmark.svg
  npm run bench -- [OPTIONS]         what the options say

  --workloads NAMES   only these, separated by commas
  --subjects NAMES    only these; what they are compared with is measured as well if it is named
  --rounds N          how often each subject has its turn (3)
  --seconds N         how long it is measured each time, after a second of warm-up (1)
  --page              write the page: only for all workloads and subjects and at least ${ROUNDS_FOR_A_PAGE} rounds
  --json FILE         write everything that was measured, too
  --node PATH         the Node.js that runs the servers
  --help

What is not installed is left out, and named at the beginning. Debian has it as python3-uvloop, redis-tools, redis-server and
golang-go.

Example: npm run bench -- --workloads echo-50x64,connect --subjects c-epoll,native,node-net --seconds 3
`;

/**
 * @typedef {object} Settings
 * @property {string[]} workloads
 * @property {string[]} subjects
 * @property {number} rounds
 * @property {number} seconds measured, after the warm-up
 * @property {boolean} page whether the page is written
 * @property {string | undefined} json where the measurements go
 * @property {string} node the Node.js of the servers
 */

/**
 * Reads the command line.
 *
 * @param {string[]} texts
 * @param {string[]} workloads the names there are
 * @param {string[]} subjects
 * @returns {Settings | string} what to do, or what to print instead. @throws Error for what makes no sense
 */
export function readArguments(texts, workloads, subjects) {
  const { values } = parseArgs({
    args: texts,
    options: {
      workloads: { type: "string" },
      subjects: { type: "string" },
      rounds: { type: "string", default: String(ROUNDS_FOR_A_PAGE) },
      seconds: { type: "string", default: "1" },
      page: { type: "boolean", default: texts.length === 0 },
      json: { type: "string" },
      node: { type: "string", default: process.execPath },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return `${USAGE}\nWorkloads: ${workloads.join(", ")}\nSubjects: ${subjects.join(", ")}\n`;
  const settings = {
    workloads: choice("--workloads", values.workloads, workloads),
    subjects: choice("--subjects", values.subjects, subjects),
    rounds: number("--rounds", values.rounds, 1, 100),
    seconds: number("--seconds", values.seconds, 0.1, 60),
    page: values.page,
    json: values.json,
    node: values.node,
  };
  if (!Number.isInteger(settings.rounds)) throw new Error(`--rounds takes a whole number, not ${values.rounds}.`);
  if (values.page) {
    const whole = settings.workloads.length === workloads.length && settings.subjects.length === subjects.length;
    if (!whole || settings.rounds < ROUNDS_FOR_A_PAGE) {
      throw new Error(
        `Cannot write the page of a part of the benchmark: leave out --workloads and --subjects, and take at least ${ROUNDS_FOR_A_PAGE} rounds.`,
      );
    }
  }
  return settings;
}

function choice(option, text, names) {
  if (text === undefined) return names;
  const chosen = text.split(",").map((name) => name.trim());
  for (const name of chosen) {
    if (!names.includes(name)) throw new Error(`${option} does not know "${name}". There are: ${names.join(", ")}.`);
  }
  // In their own order: what is compared stays side by side.
  return names.filter((name) => chosen.includes(name));
}

function number(option, text, least, most) {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most) return value;
  throw new Error(`${option} takes a number from ${least} to ${most}, not "${text}".`);
}
