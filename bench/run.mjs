// The benchmark: `npm run bench`. See arguments.mjs for what it can be told, and docs/benchmark.md for how it measures.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "./arguments.mjs";
import { compileLoad } from "./compile.mjs";
import { JsonProcess } from "./json-process.mjs";
import { describeMachine } from "./machine.mjs";
import { measureWorkload } from "./measure.mjs";
import { writePage } from "./page.mjs";
import { firstLine } from "./programs.mjs";
import { subjects } from "./subjects.mjs";
import { asText, barsTable, workloadTable } from "./tables.mjs";
import { judge } from "./verdicts.mjs";
import { workloads } from "./workloads.mjs";

/**
 * Everything that was measured, and where.
 *
 * @typedef {object} Report
 * @property {import("./arguments.mjs").Settings} settings
 * @property {ReturnType<typeof describeMachine>} machine
 * @property {string[]} versions
 * @property {string[]} unavailable the subjects that were not measured, each with the reason
 * @property {Record<string, Record<string, import("./measure.mjs").Outcome>>} measured by workload and subject
 * @property {import("./verdicts.mjs").Verdict[]} verdicts
 */

/**
 * Gets subjects or workloads ready.
 *
 * @returns those that can be measured here, the versions, and why the others cannot
 */
async function prepareAll(chosen, tools) {
  const ready = [];
  const versions = [];
  const unavailable = [];
  for (const one of chosen) {
    try {
      const version = await one.prepare?.(tools);
      if (version !== undefined) versions.push(version);
      ready.push(one);
    } catch (error) {
      unavailable.push(`${one.title}: ${error.message}`);
    }
  }
  return { ready, versions, unavailable };
}

function chosenFrom(all, names) {
  return all.filter(({ name }) => names.includes(name));
}

/** @param {import("./arguments.mjs").Settings} settings @param {string} directory for what is compiled */
async function run(settings, directory) {
  const tools = { directory, node: settings.node };
  const bench = { tools, load: compileLoad(directory), settings };
  const tasks = await prepareAll(chosenFrom(workloads, settings.workloads), tools);
  const servers = await prepareAll(chosenFrom(subjects, settings.subjects), tools);
  const versions = [...new Set([...servers.versions, ...tasks.versions])];
  const unavailable = [...servers.unavailable, ...tasks.unavailable];
  const machine = describeMachine();
  console.log([machine.processor, machine.system, ...versions, ...unavailable].join("\n"));
  if (!machine.pinned) console.log("Not pinned: there is only one core, or no taskset.");

  const measured = {};
  for (const workload of tasks.ready) {
    process.stderr.write(`${workload.name}: round`);
    const outcomes = await measureWorkload(workload, servers.ready, bench, (round) =>
      process.stderr.write(` ${round}`),
    );
    process.stderr.write("\n");
    measured[workload.name] = outcomes;
    console.log(`\n${workload.title} (${workload.name})\n${asText(workloadTable(workload, outcomes))}`);
  }
  const verdicts = judge(measured, firstLine(settings.node, "--version"));
  console.log(`\nWhat must be reached\n${asText(barsTable(verdicts), true)}`);
  for (const kind of ["NOT MET", "disturbed"]) {
    const count = verdicts.filter(({ verdict }) => verdict === kind).length;
    if (count > 0) console.log(`\n${count} of ${verdicts.length}: ${kind}`);
  }
  return { settings, machine, versions, unavailable, measured, verdicts };
}

async function main() {
  const names = (things) => things.map(({ name }) => name);
  const settings = readArguments(process.argv.slice(2), names(workloads), names(subjects));
  if (typeof settings === "string") {
    process.stdout.write(settings);
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "socketserver-bench-"));
  const cleanUp = () => {
    JsonProcess.killAll();
    rmSync(directory, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

  const report = await run(settings, directory);
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(report, null, 2)}\n`);
  if (settings.page) writePage(report);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
