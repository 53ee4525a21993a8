/**
 * `socketserver echo`, `socketserver upper` and so on: the command of each bundled server, made from its description.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { defaults } from "../core/defaults.js";
import type { ServerOptionName, ServerOptions } from "../core/server/options.js";
import type { BundledOption, BundledServer } from "../servers/description.js";
import { exampleCommand, type Protocol } from "./endpoint.js";
import { CommandError } from "./errors.js";
import { defaultModelOf, findModel, hasOption, type Model, modelsOf, protocolsOf } from "./models.js";
import {
  type AddressOptions,
  addAddressOptions,
  count,
  defaultEndpoint,
  endpointOf,
  readValue,
  seconds,
} from "./options.js";
import { chooseOutput, type LogOptions } from "./output/choose.js";
import { runServer } from "./run-server.js";
import { oneOf } from "./text.js";

/** Seconds that clients get to finish: long enough for an answer under way, short enough for who has pressed Ctrl-C. */
const SHUTDOWN_TIMEOUT = 3;

/** The options that only the servers of some models have. */
const LIMITS = {
  maxConnections: {
    flags: "--max-connections <n>",
    meaning: "clients that are served at once; further ones wait",
    usual: defaults.maxConnections,
  },
  threads: { flags: "--threads <n>", meaning: "worker threads", usual: availableParallelism() },
  children: { flags: "--children <n>", meaning: "child processes", usual: availableParallelism() },
} as const satisfies Partial<Record<ServerOptionName, object>>;

const limitNames = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** What the command of a server may be told, but for the server's own options. */
export interface ServeOptions extends AddressOptions, LogOptions, Pick<ServerOptions, keyof typeof LIMITS> {
  readonly model: Model;
  readonly shutdownTimeout: number;
}

/** Adds the command of a bundled server. */
export function addServeCommand(program: Command, bundled: BundledServer): void {
  const command = program
    .command(bundled.name)
    .summary(bundled.summary)
    .description(`A server that ${bundled.summary}, over ${inWords(protocolsOf(bundled))}.`)
    .helpGroup("Servers:");
  const properties = addOwnOptions(command, bundled.options ?? []);
  addAddressOptions(command, protocolsOf(bundled));
  addRunOptions(command, bundled);
  addOutputOptions(command);
  command.addHelpText("after", helpText(bundled)).action(async (options: ServeOptions & Record<string, unknown>) => {
    const settings = Object.fromEntries(
      [...properties].flatMap(([name, property]) => (options[name] === undefined ? [] : [[property, options[name]]])),
    );
    await serve(bundled, options, settings);
  });
}

/** Runs a server as the options say, and ends the process with it. @throws CommandError for options that do not go together */
export async function serve(
  bundled: BundledServer,
  options: ServeOptions,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<never> {
  const { model, shutdownTimeout } = options;
  const endpoint = endpointOf(options, protocolsOf(bundled));
  const limits = limitNames.filter((name) => options[name] !== undefined);
  for (const name of limits) refuseMisplaced(name, bundled, model, endpoint.protocol);
  const serverOptions = { shutdownTimeout, ...Object.fromEntries(limits.map((name) => [name, options[name]])) };
  const plan = { bundled, endpoint, model, options: serverOptions, settings };
  // A handler that does not notice that it was cut off must not keep the process.
  process.exit(await runServer(plan, chooseOutput(bundled.name, options)));
}

/** Adds the options that only this server has, and tells which property each one sets. */
function addOwnOptions(command: Command, own: readonly BundledOption[]): ReadonlyMap<string, string> {
  return new Map(
    own.map(({ flags, description, property, parse, required = false }) => {
      const option = new Option(flags, description).makeOptionMandatory(required).helpGroup("What it does:");
      if (parse !== undefined) option.argParser((text) => readValue(option.long ?? flags, parse, text));
      command.addOption(option);
      return [option.attributeName(), property];
    }),
  );
}

/** Adds the options that say how requests run. */
export function addRunOptions(command: Command, bundled: BundledServer, group = "How it runs:"): void {
  const available = modelsOf(bundled);
  const usual = defaultModelOf(bundled);
  const options = [
    new Option("--model <name>", available.map(({ name, summary }) => `${name}: ${summary}`).join("; "))
      .argParser((name) => findModel(bundled, name))
      .default(usual, usual.name),
    ...limitNames.flatMap((name) => {
      const having = modelsWith(name, bundled, protocolsOf(bundled));
      if (having.length === 0) return [];
      const { flags, meaning, usual } = LIMITS[name];
      const option = new Option(flags, `${meaning}, with --model ${oneOf(having)} (default: ${usual})`);
      return [option.argParser(count(option.long ?? flags))];
    }),
    shutdownTimeoutOption(),
  ];
  for (const option of options) command.addOption(option.helpGroup(group));
}

/** The option that says how long an ending server waits. */
export function shutdownTimeoutOption(): Option {
  return new Option("--shutdown-timeout <seconds>", "how long clients may finish when the server is ended")
    .argParser(seconds("--shutdown-timeout"))
    .default(SHUTDOWN_TIMEOUT);
}

/** The names of the models that have an option. */
function modelsWith(name: ServerOptionName, bundled: BundledServer, protocols: readonly Protocol[]): string[] {
  const having = modelsOf(bundled).filter((model) => protocols.some((protocol) => hasOption(model, protocol, name)));
  return having.map((model) => model.name);
}

function refuseMisplaced(name: keyof typeof LIMITS, bundled: BundledServer, model: Model, protocol: Protocol): void {
  if (hasOption(model, protocol, name)) return;
  const flag = LIMITS[name].flags.split(" ")[0];
  throw new CommandError(
    `Cannot use ${flag} with --model ${model.name} (${model.summary}): it goes with --model ${oneOf(modelsWith(name, bundled, [protocol]))}.`,
  );
}

/** Adds the options that say what is printed. */
export function addOutputOptions(command: Command, group = "What it tells:"): void {
  const options = [
    new Option("--quiet", "tell errors only"),
    new Option("--json", "tell everything as lines of JSON, also on a terminal"),
  ];
  for (const option of options) command.addOption(option.helpGroup(group));
}

const PROTOCOL_NAMES: Readonly<Record<Protocol, string>> = { tcp: "TCP", udp: "UDP", unix: "a Unix socket" };

/** `TCP, UDP or a Unix socket` */
function inWords(protocols: readonly Protocol[]): string {
  return oneOf(
    (["tcp", "udp", "unix"] as const).filter((one) => protocols.includes(one)).map((one) => PROTOCOL_NAMES[one]),
  );
}

function helpText(bundled: BundledServer): string {
  const { name, example, options = [], notes, stopsOnEscape = false } = bundled;
  const protocols = protocolsOf(bundled);
  const addresses: readonly (readonly [Protocol, string, string])[] = [
    ["tcp", "--tcp :9999", "every network interface: other machines can reach it"],
    ["tcp", "--tcp '[::1]:9999'", "IPv6"],
    ["tcp", "--tcp 127.0.0.1:0", "a free port; the first line printed says which"],
    ["udp", "--udp 127.0.0.1:9999", "UDP"],
    ["unix", `--unix /tmp/${name}.sock`, "a Unix socket"],
  ];
  const shown = addresses.filter(([protocol]) => protocols.includes(protocol));
  const needed = options.filter(({ required }) => required).map((option) => ` ${withExample(option)}`);
  const line = exampleCommand(defaultEndpoint(protocols), example);
  return `${notes === undefined ? "" : `\n${notes}\n`}
Try it. In one terminal:
${example.prerequisite === undefined ? "" : `  ${example.prerequisite}\nIn another one:\n`}  socketserver ${name}${needed.join("")}
In another one:
  ${line}
What comes back:
  ${example.receive.replaceAll(/\r?\n/g, "\n  ") || "(nothing)"}
${line.includes("nc -N") ? "(If your nc refuses -N, leave it out and end nc with Ctrl-C.)\n" : ""}
More addresses:
${shown.map(([, option, meaning]) => `  ${option.padEnd(26)}${meaning}`).join("\n")}

What it prints:
  stdout tells where it serves and who connects: in words on a terminal, as one
  JSON object a line in a pipe or file. stderr tells why it could not serve, in
  one line; the exit code is then 1.

Ending it:
  Ctrl-C (or SIGTERM) lets connected clients finish, for --shutdown-timeout
  seconds at most; the exit code is 0. A second Ctrl-C leaves at once, with 130.
${stopsOnEscape ? "  Esc, where it runs in a terminal, does as Ctrl-C does.\n" : ""}`;
}

/** `--name Ali`, or `--name <text>` where there is no example. */
function withExample({ flags, example }: BundledOption): string {
  return example === undefined ? flags : flags.replace(/<.*>/, example);
}
