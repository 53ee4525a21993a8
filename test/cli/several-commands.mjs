/** Runs several commands in this one process. Each argument is a command: its words, as JSON. */

import { runCommand } from "../../dist/cli/run-command.js";

// Each of them listens to the signals.
process.setMaxListeners(0);
await Promise.all(process.argv.slice(2).map((words) => runCommand(JSON.parse(words))));
