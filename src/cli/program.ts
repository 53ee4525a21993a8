/**
 * The `socketserver` command: which commands there are, and what its help says.
 *
 * @module
 */

import { Command } from "commander";
import { bundledServers } from "../servers/catalogue.js";
import { upper } from "../servers/upper.js";
import { defaultEndpoint } from "./address-options.js";
import { exampleCommand } from "./endpoint.js";
import { addInfoCommand } from "./info-command.js";
import { packageVersion } from "./package-version.js";
import { addServeCommand } from "./serve-command.js";

/** Makes the command. Running it throws what goes wrong, for the caller to tell. */
export function makeProgram(): Command {
  const program = new Command("socketserver")
    .description("Runs a server of ts-socketserver: Python's socketserver for Node.js.")
    .usage("<server> [options]")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  for (const bundled of bundledServers) addServeCommand(program, bundled);
  addInfoCommand(program);
  return program.addHelpText(
    "after",
    `
Try it. In one terminal:
  socketserver ${upper.name}
In another one:
  ${exampleCommand(defaultEndpoint(["tcp"]), upper.example)}
What comes back:
  ${upper.example.receive}

socketserver ${upper.name} --help tells more: other addresses, options, what it prints.
`,
  );
}
