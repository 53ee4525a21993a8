/**
 * `socketserver echo`, `socketserver upper` and so on: the command of each bundled server, made from its description.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { defaults } from "../core/defaults.js";
import type { BundledServer } from "../servers/bundled-server.js";
import { type AddressOptions, addAddressOptions, DEFAULT_ENDPOINT, endpointOf } from "./address-options.js";
import { CommandError } from "./command-error.js";
import { type Endpoint, exampleCommand } from "./endpoint.js";
import { chooseOutput, type LogOptions } from "./log-output.js";
import { DEFAULT_MODEL, findModel, hasOption, type Model, models } from "./models.js";
import { count, seconds } from "./number-options.js";
import { runServer } from "./run-server.js";

/** Seconds that clients get to finish: long enough for an answer under way, short enough for who has pressed Ctrl-C. */
const SHUTDOWN_TIMEOUT = 3;

interface ServeOptions extends AddressOptions, LogOptions {
  readonly model: Model;
  readonly maxConnections?: number;
  readonly shutdownTimeout: number;
}

/** Adds the command of a bundled server. */
export function addServeCommand(program: Command, bundled: BundledServer): void {
  const command = program
    .command(bundled.name)
    .summary(bundled.summary)
    .description(`A server that ${bundled.summary}, over TCP, UDP or a Unix socket.`)
    .helpGroup("Servers:");
  addAddressOptions(command);
  addRunOptions(command);
  addOutputOptions(command);
  command.addHelpText("after", helpText(bundled)).action(async (options: ServeOptions) => {
    const { model, maxConnections, shutdownTimeout } = options;
    const endpoint = endpointOf(options);
    if (maxConnections !== undefined) refuseMaxConnections(model, endpoint);
    const limits = { shutdownTimeout, ...(maxConnections === undefined ? {} : { maxConnections }) };
    const output = chooseOutput(bundled.name, options);
    // A handler that does not notice that it was cut off must not keep the process.
    process.exit(await runServer({ bundled, endpoint, model, options: limits, output }));
  });
}

function addRunOptions(command: Command): void {
  const modelHelp = models.map(({ name, summary }) => `${name}: ${summary}`).join("; ");
  const options = [
    new Option("--model <name>", modelHelp).argParser(findModel).default(DEFAULT_MODEL, DEFAULT_MODEL.name),
    new Option(
      "--max-connections <n>",
      `clients that are served at once, with --model multiplexing; further ones wait (default: ${defaults.maxConnections})`,
    ).argParser(count("--max-connections")),
    new Option("--shutdown-timeout <seconds>", "how long clients may finish when the server is ended")
      .argParser(seconds("--shutdown-timeout"))
      .default(SHUTDOWN_TIMEOUT),
  ];
  for (const option of options) command.addOption(option.helpGroup("How it runs:"));
}

function addOutputOptions(command: Command): void {
  const options = [
    new Option("--quiet", "tell errors only"),
    new Option("--json", "tell everything as lines of JSON, also on a terminal"),
  ];
  for (const option of options) command.addOption(option.helpGroup("What it tells:"));
}

function refuseMaxConnections(model: Model, endpoint: Endpoint): void {
  if (hasOption(model, endpoint, "maxConnections")) return;
  const others = models.filter((other) => hasOption(other, endpoint, "maxConnections"));
  const names = others.map(({ name }) => `--model ${name}`).join(" or ");
  throw new CommandError(
    `Cannot use --max-connections with --model ${model.name} (${model.summary}): it goes with ${names}.`,
  );
}

function helpText({ name, example }: BundledServer): string {
  const addresses = [
    ["--tcp :9999", "every network interface: other machines can reach it"],
    ["--tcp '[::1]:9999'", "IPv6"],
    ["--tcp 127.0.0.1:0", "a free port; the first line that is printed says which"],
    ["--udp 127.0.0.1:9999", "UDP"],
    [`--unix /tmp/${name}.sock`, "a Unix socket"],
  ] as const;
  return `
Try it. In one terminal:
  socketserver ${name}
In another one:
  ${exampleCommand(DEFAULT_ENDPOINT, example)}
What comes back:
  ${example.receive}
(If your nc refuses -N, leave it out and end nc with Ctrl-C.)

More addresses:
${addresses.map(([option, meaning]) => `  ${option.padEnd(24)}${meaning}`).join("\n")}

What it prints:
  stdout tells where it serves and who connects: in words on a terminal, as one
  JSON object a line in a pipe or file. stderr tells why it could not serve, in
  one line; the exit code is then 1.

Ending it:
  Ctrl-C (or SIGTERM) lets connected clients finish, for --shutdown-timeout
  seconds at most; the exit code is 0. A second Ctrl-C leaves at once, with 130.
`;
}
