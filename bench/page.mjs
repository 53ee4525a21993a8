// docs/benchmark.md and its chart.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawChart } from "./chart.mjs";
import { idleConnections } from "./measures/memory.mjs";
import { comparisonOverview, floorsOverview } from "./overviews.mjs";
import { asMarkdown, barsTable, comparisonTable } from "./tables.mjs";
import { workloads } from "./workloads.mjs";

const docs = join(import.meta.dirname, "..", "docs");
const LINE = 120;

/** Breaks a paragraph into lines, as the other pages have them. */
function wrap(paragraph) {
  const lines = [""];
  for (const word of paragraph.split(" ")) {
    const last = lines.length - 1;
    const longer = lines[last] === "" ? word : `${lines[last]} ${word}`;
    if (longer.length <= LINE) lines[last] = longer;
    else lines.push(word);
  }
  return lines.join("\n");
}

function list(items) {
  return items.map((item) => `- ${item}`).join("\n");
}

const MEMORY = `Resident memory (\`VmRSS\`) of the server's process with ${idleConnections.toLocaleString("en-US")} connections, each of which has had one message of 64 bytes echoed, less what it was before, when 50 connections had come and gone. Every subject on Node runs with \`--expose-gc\` and collects its garbage before each of the two readings; the others are read as they are. What the kernel keeps for a connection is not in it.`;

function method({ seconds, rounds }, machine) {
  return [
    machine.pinned
      ? "The server runs on one core, the load on another (`taskset`). Both use the loopback."
      : "The server and the load were **not** pinned to cores of their own here, which disturbs all numbers.",
    `Within a round the subjects take turns, each in a fresh process, with a second of warm-up and then ${seconds} seconds that count; every other round goes backwards. There are ${rounds} rounds. A number is the median of the rounds; a ratio is the median of the ratios of each round.`,
    "Threads that block have served thirteen connections with 6,000 messages each before that: each has a JavaScript of its own, which V8 optimises in the background, and 50 that share one core need several seconds for it.",
    "The load is a program in C, compiled on demand. It compares what comes back with what it has sent (every datagram and every short conversation; on connections that stay open, what one call in 16 reads, so that it is quick enough), and fails where they differ.",
    '"server µs" is the processor time that the server\'s process took for one message, user and system time together. It depends less on what else the machine does than the rate, and the column after it compares the subjects by it.',
    '"server core" and "load core" are the shares of the time in which each was busy. Where the server\'s is at about 100 % and the load\'s is below, the server is what was measured. C over epoll and the load cost each other about the same, so there both are busy.',
    "When connections are made, the system does most of the work, and more of it on the client's side: the load cannot keep the fastest servers busy. There the subjects are compared by connections a second of the server's processor time, which is the rate that one busy core would reach at least.",
    'The servers of this project have a class with an `async handle()` as their handler. TCP is served by `MultiplexingTCPServer`, UDP by `MultiplexingUDPServer`, and by `UDPServer` where it says so; "native" and "Node" are the transports.',
  ];
}

/** The paragraphs before the table of floors. */
const FLOORS = [
  "What is possible at all. None of these is a server that one would write:",
  list(
    [
      "C over epoll has no runtime: what lies between it and this project is the price of JavaScript, of handlers that are a class, and of everything that a server takes care of. For lines it answers each by a write of its own; beside it is C that joins the answers.",
      '"the addon alone" is the addon of the native transport without sockets, servers and handlers: what lies between it and C is the price of JavaScript. For idle connections it is one function for each that waits for one promise, which no `async handle()` can do without.',
      '"an async handle()" on the addon, or on `node:net`, is a class whose `handle()` awaits `recv()` and `sendall()`, and nothing else of a server. It runs within an `AsyncLocalStorage`, without which an error that a handler leaves unhandled cannot be given to its request, but where it is "not followed". What lies between it and this project is the price of everything else.',
    ].map(listItem),
  ),
];

function listItem(text) {
  return wrap(text).replaceAll("\n", "\n  ");
}

function about(workload) {
  return workload.measure === "memory" ? MEMORY : workload.about;
}

function section(workload, outcomes) {
  // A workload that could not be measured stands among those that are not.
  if (outcomes === undefined) return [];
  return [`## ${workload.title}`, wrap(about(workload)), asMarkdown(comparisonTable(workload, outcomes))];
}

function barsSection(verdicts) {
  const missed = verdicts.filter(({ verdict }) => verdict !== "met").length;
  return [
    "## What must be reached",
    asMarkdown(barsTable(verdicts), true),
    wrap(
      missed === 0
        ? "All of it is reached."
        : `Of ${verdicts.length}, ${missed} are not met, or were disturbed, or could not be measured.`,
    ),
  ];
}

/**
 * Writes the page and the chart. The page begins with what a user would want to know, and ends with what this project holds
 * itself to.
 *
 * @param {import("./run.mjs").Report} report
 */
export function writePage({ measured, verdicts, settings, machine, versions, unavailable }) {
  const parts = [
    "# Benchmark",
    wrap(
      "This project beside raw `node:net` and `node:dgram`, Go, Python and others, measured side by side in one run. Written by that run; repeat it with",
    ),
    "```sh\nnpm run bench\n```",
    wrap(
      "It takes about twenty-five minutes, and needs a C compiler. What is not installed is left out: Debian has it as `python3-uvloop`, `redis-tools`, `redis-server` and `golang-go`. `npm run bench -- --help` shows how to measure a part of it. Compare ratios, not rates: those of another machine, or of another day, are different.",
    ),
    "## On ordinary handlers",
    wrap(
      'Handlers as one writes them: `for await (const line of this.rfile) await this.wfile.write(line)`, or a loop of `recv()` and `sendall()`. Each column after the first says how many times as fast the native transport is as another server, or how many times as cheap where the number is a cost (the processor time of a request of `redis-benchmark`, the memory of a connection): above 1, it is better. "Node\'s modules" are `node:net` and `node:dgram` without this project; "uvloop" is the streams of Python\'s asyncio on it.',
    ),
    asMarkdown(comparisonOverview(measured)),
    "![Ratios to node:net and node:dgram, for each workload](benchmark.svg)",
    ...workloads.flatMap((workload) => section(workload, measured[workload.name])),
    "## How it is measured",
    list(method(settings, machine).map(listItem)),
    "## Machine and versions",
    list([machine.processor, machine.system, ...versions]),
    ...(unavailable.length === 0 ? [] : ["Not measured:", list(unavailable)]),
    "## Floors",
    ...FLOORS,
    asMarkdown(floorsOverview(measured)),
    ...barsSection(verdicts),
  ];
  writeFileSync(join(docs, "benchmark.md"), `${parts.join("\n\n")}\n`);
  writeFileSync(join(docs, "benchmark.svg"), drawChart(measured));
}
