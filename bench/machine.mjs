// The machine: its cores, its limits, its name.
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, release, type } from "node:os";

const SERVER_CORE = 0;
const LOAD_CORE = 1;

/** Whether the server and the load run on a core each. Without it, they disturb each other. */
export const pinned = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** Descriptors that a process may have open at most. */
export const descriptorLimit = readDescriptorLimit();

function readDescriptorLimit() {
  const text = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim();
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}

function onCore(core, command) {
  return pinned ? ["taskset", "-c", String(core), ...command] : command;
}

/**
 * The command that runs a server: on its core, with as many descriptors as there may be.
 *
 * @param {string[]} command
 * @param {boolean} spreads whether it may use all cores
 */
export function asServer(command, spreads) {
  const script = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
  return ["sh", "-c", script, "sh", ...(spreads ? command : onCore(SERVER_CORE, command))];
}

/**
 * The command that runs the load, on a core of its own.
 *
 * @param {string[]} command
 */
export function asLoad(command) {
  return onCore(LOAD_CORE, command);
}

/** What the page tells of the machine. */
export function describeMachine() {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return {
    processor: `${model}, ${cpus().length} cores`,
    system: `${type()} ${release()}`,
    pinned,
  };
}
