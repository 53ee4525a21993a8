/**
 * The programs of examples/: what each says that it prints, and which test runs it.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nativeTransport } from "ts-socketserver/transport";
import { expect } from "vitest";
import { compiledProgram, ROOT } from "../support/paths.js";
import { type Exit, RunningCommand } from "../support/running-command.js";
import { within } from "../support/within.js";

/** Seconds that a program may take: many are started at once, and a busy machine starts them slowly. */
const PATIENCE = 100;

/** A program of examples/. */
export interface Example {
  /** Its file's name, without the ending. */
  readonly name: string;
  readonly text: string;
  /** What its first comment says that it prints. */
  readonly prints: string;
  /** What it prints at the other side, where one program is both; otherwise `""`. */
  readonly printsThere: string;
  /** Why it cannot be run here, in brackets; `""` where it can. */
  readonly whyNot: string;
}

const NO_NATIVE_TRANSPORT = " (skipped: the native transport is not there)";

/** Every example, in the order of the numbers. */
export const examples: readonly Example[] = readdirSync(join(ROOT, "examples"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace(/\.ts$/, ""))
  .sort()
  .map(readExample);

/** A server and its clients, each an example, which are run together. */
export interface Pair {
  readonly server: string;
  /** In the order in which they come. */
  readonly clients: readonly string[];
}

/** The examples that pairs.test.ts runs. */
export const pairs: readonly Pair[] = [
  { server: "09-hello-server", clients: ["09-hello-client"] },
  { server: "09-hello-server-blocking", clients: ["09-hello-client-blocking"] },
  { server: "10-greet-server", clients: ["10-greet-client"] },
  { server: "10-greet-server-blocking", clients: ["10-greet-client-blocking"] },
  { server: "19-udp-server", clients: ["19-udp-client"] },
  { server: "19-udp-server-blocking", clients: ["19-udp-client-blocking"] },
  { server: "20-upper-udp-server", clients: ["20-upper-udp-client"] },
  { server: "20-upper-udp-server-blocking", clients: ["20-upper-udp-client-blocking"] },
  { server: "21-json-server", clients: ["21-json-client", "22-object-client"] },
  { server: "21-json-server-blocking", clients: ["21-json-client-blocking", "22-object-client-blocking"] },
];

/** The examples that web.test.ts runs: clients of a server that is none of the examples. */
export const webClients: readonly string[] = [
  "23-web-client",
  "23-web-client-blocking",
  "24-course-page-client",
  "24-course-page-client-blocking",
];

/** The examples that exercises.test.ts runs: those that somebody types at. */
export const exercises: readonly string[] = [
  "34-name-server",
  "34-name-server-blocking",
  "34-name-client",
  "34-name-client-blocking",
  "35-chat",
  "35-chat-blocking",
];

/** The examples that redis.test.ts runs: what no course shows. */
export const beyondCourses: readonly string[] = ["36-redis"];

/** The examples that alone.test.ts runs: all others. */
export const alone: readonly Example[] = examples.filter(({ name }) => {
  const together = pairs.flatMap(({ server, clients }) => [server, ...clients]);
  return ![...together, ...webClients, ...exercises, ...beyondCourses].includes(name);
});

/** The example with that name. */
export function exampleNamed(name: string): Example {
  const found = examples.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no examples/${name}.ts`);
  return found;
}

/** Why one of these cannot be run here, in brackets; `""` where all can. */
export function whyNot(...names: string[]): string {
  return names.map((name) => exampleNamed(name).whyNot).find((reason) => reason !== "") ?? "";
}

/** Starts an example, in a process of its own. */
export function startExample(name: string, ...args: (string | number)[]): RunningCommand {
  const file = compiledProgram(`examples/${name}.ts`);
  return RunningCommand.startProgram(process.execPath, file, ...args.map(String));
}

/** Runs an example to its end, and checks what it has printed. */
export async function checkExample(name: string, ...args: (string | number)[]): Promise<void> {
  await using program = startExample(name, ...args);
  await checkEnd(name, program);
}

/** Waits for the end of an example, and checks what it has printed. */
export async function checkEnd(name: string, program: RunningCommand): Promise<void> {
  const exit = await exitOf(program);
  checkOutput(program, exampleNamed(name).prints);
  expect(exit).toEqual({ code: 0, signal: null });
}

/** How a program ends; one that does not is made to. */
export async function exitOf(program: RunningCommand): Promise<Exit> {
  await within(PATIENCE, "The program", program.exit).catch(() => program.signal("SIGKILL"));
  return await program.exit;
}

/** Waits until a server tells where it listens. @returns the port */
export async function portOf(server: RunningCommand): Promise<number> {
  const [, port] = await within(PATIENCE, "the start", server.output(/^(?:Listen|Wait)ing at 127\.0\.0\.1:(\d+)$/m));
  return Number(port);
}

/** Waits until a server has printed what it says; checks that it has printed nothing else, and that Ctrl-C ends it. */
export async function checkServer(name: string, server: RunningCommand): Promise<void> {
  const { prints } = exampleNamed(name);
  const lines = prints.trimEnd().split("\n").length;
  await within(PATIENCE, name, server.output(new RegExp(`^(.*\\n){${lines}}`))).catch(() => undefined);
  server.signal("SIGINT");
  const exit = await exitOf(server);
  checkOutput(server, prints);
  expect(exit).toEqual({ code: null, signal: "SIGINT" });
}

/** Checks what a program has printed, and that it has complained of nothing. */
export function checkOutput({ stdout, stderr }: RunningCommand, expected: string): void {
  expect(stderr).toBe("");
  expect(withoutPorts(stdout)).toBe(withoutPorts(expected));
}

/** Ports are different in every run: where an address of this machine is printed, only the host counts. */
function withoutPorts(text: string): string {
  return text.replace(/\b127\.0\.0\.1:\d+/g, "127.0.0.1:…");
}

function readExample(name: string): Example {
  const text = readFileSync(join(ROOT, "examples", `${name}.ts`), "utf8");
  const [firstLine = ""] = text.split("\n");
  const needsNative = firstLine.includes("Needs the native transport.");
  return {
    name,
    text,
    prints: blockAfter("It prints", text),
    printsThere: blockAfter("And at", text),
    whyNot: needsNative && nativeTransport === null ? NO_NATIVE_TRANSPORT : "",
  };
}

/** The lines that are set in behind a line that begins with such words. */
function blockAfter(words: string, text: string): string {
  const [, block = ""] = new RegExp(`^// ${words}.*:\\n//\\n((?:// {5}.*\\n)+)`, "m").exec(text) ?? [];
  return block.replace(/^\/\/ {5}/gm, "");
}
