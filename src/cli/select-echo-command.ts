/**
 * `socketserver select-echo`: one loop over `select()`, for several server sockets.
 *
 * A command of its own: the others serve one address, by a server class and handlers, and this one shows what is under those.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { createServer } from "../core/socket/connect.js";
import type { Socket } from "../core/socket/socket.js";
import { SelectEcho } from "../servers/select-echo.js";
import { type Endpoint, exampleCommand } from "./endpoint.js";
import { explainOpening } from "./errors.js";
import { count, defaultEndpoint, readEndpoint } from "./options.js";
import { chooseOutput, type LogOptions } from "./output/choose.js";
import type { Output } from "./output/output.js";
import { addOutputOptions, shutdownTimeoutOption } from "./serve-command.js";
import { onStopSignal } from "./stop-signals.js";

const NAME = "select-echo";
const MAX_CLIENTS = 1000;
const EXAMPLE = { send: "hello", receive: "hello" };

interface SelectEchoCommandOptions extends LogOptions {
  readonly tcp?: readonly Endpoint[];
  readonly maxClients: number;
  readonly shutdownTimeout: number;
}

/** Adds the command. */
export function addSelectEchoCommand(program: Command): void {
  const options = [
    new Option("--tcp <host:port>", "serve TCP there; may be given several times (default: 127.0.0.1:9999)")
      .argParser((text, before: readonly Endpoint[] = []) => [...before, readEndpoint("tcp", text)])
      .helpGroup("Where it listens:"),
    new Option("--max-clients <n>", "clients that are served at once; further ones wait")
      .argParser(count("--max-clients"))
      .default(MAX_CLIENTS)
      .helpGroup("How it runs:"),
    shutdownTimeoutOption().helpGroup("How it runs:"),
  ];
  const command = program
    .command(NAME)
    .summary("echoes at several addresses, by one loop over select()")
    .description("A server that echoes at several addresses, by one loop over select() instead of a server class.")
    .helpGroup("Servers:")
    .addHelpText("after", HELP);
  for (const option of options) command.addOption(option);
  addOutputOptions(command);
  command.action(async (given: SelectEchoCommandOptions) => {
    await run(given, chooseOutput(NAME, given));
    process.exit(0);
  });
}

async function run(
  { tcp = [defaultEndpoint(["tcp"])], maxClients, shutdownTimeout }: SelectEchoCommandOptions,
  output: Output,
): Promise<void> {
  const listeners = await openAll(tcp);
  const server = new SelectEcho(listeners, { maxClients, shutdownTimeout, logger: output.logger });
  onStopSignal((signal) => {
    output.stopping({ signal, clients: server.activeClients, atMost: shutdownTimeout });
    server.shutdown();
  });
  for (const [index, listener] of listeners.entries()) {
    const { protocol, addressFamily } = tcp[index] ?? defaultEndpoint(["tcp"]);
    const endpoint = { protocol, addressFamily, address: listener.getsockname() };
    output.serving({ endpoint, model: "select", tryIt: exampleCommand(endpoint, EXAMPLE) });
  }
  await server.serveForever();
}

/** Opens all of them, or none. */
async function openAll(endpoints: readonly Endpoint[]): Promise<Socket[]> {
  const listeners: Socket[] = [];
  for (const endpoint of endpoints) {
    try {
      listeners.push(await createServer(endpoint.address, { family: endpoint.addressFamily }));
    } catch (error) {
      for (const listener of listeners) await listener.close();
      throw explainOpening(error, endpoint);
    }
  }
  return listeners;
}

const HELP = `
Try it. In one terminal:
  socketserver ${NAME} --tcp 127.0.0.1:9998 --tcp 127.0.0.1:9999
In another one:
  ${exampleCommand(defaultEndpoint(["tcp"]), EXAMPLE)}
What comes back:
  ${EXAMPLE.receive}

The loop is in src/servers/select-echo.ts, to be read. It ends as the other
servers do: Ctrl-C lets connected clients finish, for --shutdown-timeout seconds
at most; a second Ctrl-C leaves at once.
`;
