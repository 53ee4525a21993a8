/**
 * The `socketserver` command: which commands there are, and what its help says.
 *
 * @module
 */

import { Command } from "commander";
import { bundledServers } from "../servers/catalogue.js";
import { upperServer } from "../servers/upper.js";
import { addChatCommand } from "./chat-command.js";
import { addConnectCommand } from "./connect-command.js";
import { exampleCommand } from "./endpoint.js";
import { addFetchCommand } from "./fetch-command.js";
import { addInfoCommand } from "./info-command.js";
import { defaultEndpoint } from "./options.js";
import { packageVersion } from "./package-version.js";
import { addPortsCommand } from "./ports-command.js";
import { addResolveCommand } from "./resolve-command.js";
import { addSelectEchoCommand } from "./select-echo-command.js";
import { addServeCommand } from "./serve-command.js";

/** Makes the command. Running it throws what goes wrong, for the caller to tell. */
export function makeProgram(): Command {
  const program = new Command("socketserver")
    .description("The servers and clients of ts-socketserver: Python's socketserver for Node.js.")
    .usage("<command> [options]")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => command.name(), sortSubcommands: true })
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  for (const bundled of bundledServers) addServeCommand(program, bundled);
  addChatCommand(program);
  addSelectEchoCommand(program);
  addConnectCommand(program);
  addFetchCommand(program);
  addResolveCommand(program);
  addPortsCommand(program);
  addInfoCommand(program);
  return program.addHelpText(
    "after",
    `
Try it. In one terminal:
  socketserver ${upperServer.name}
In another one:
  ${exampleCommand(defaultEndpoint(["tcp"]), upperServer.example)}
What comes back:
  ${upperServer.example.receive}

socketserver ${upperServer.name} --help tells more: other addresses, options, what it prints.
`,
  );
}
