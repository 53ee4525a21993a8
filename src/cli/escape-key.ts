/**
 * {@link onEscape}: the Esc key, in the terminal that a server runs in.
 *
 * A terminal hands over what is typed by the line. `stty` has it hand over each key, and leaves all else as it is: what is typed
 * is shown, and Ctrl-C, Ctrl-Z and Ctrl-\ are the terminal's business. Node's own raw mode would leave all of that to this
 * program, and would have Node stop at its exit when it runs in the background by then.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { emitKeypressEvents, type Key } from "node:readline";

/** Signals that end or stop the process on the spot, which has to give the terminal back before. */
const ABRUPT_SIGNALS = ["SIGQUIT", "SIGTSTP"] as const;

/**
 * Listens for Esc. Node tells it from the keys that send longer sequences, such as the arrows, by half a second of silence.
 *
 * @returns ends it, with the terminal as it was; `null` where there is nothing to listen to: stdin is no terminal, or that of
 *   another program, this one being in the background; or there is no `stty`. However the process leaves, the terminal is
 *   given back; only SIGKILL leaves it no time.
 */
export function onEscape(pressed: () => void): Disposable | null {
  const { stdin } = process;
  const modes = stdin.isTTY && isInForeground() ? stty("-g") : null;
  if (modes === null) return null;

  const take = (): void => {
    // Reading from the terminal in the background, or changing it, would stop the process.
    if (!isInForeground()) return;
    for (const signal of ABRUPT_SIGNALS) process.on(signal, leave);
    stty("-icanon", "min", "1", "time", "0");
    stdin.resume();
  };
  const giveBack = (): void => {
    for (const signal of ABRUPT_SIGNALS) process.off(signal, leave);
    if (isInForeground()) stty(modes);
    stdin.pause();
  };
  /** With no listener left, the signal does what it does to any program. After a stop, SIGCONT takes the terminal again. */
  const leave = (signal: NodeJS.Signals): void => {
    giveBack();
    process.kill(process.pid, signal);
  };
  const onKey = (_text: string | undefined, { name }: Key): void => {
    if (name === "escape") pressed();
  };
  const end = (): void => {
    stdin.off("keypress", onKey);
    process.off("SIGCONT", take);
    process.off("exit", end);
    giveBack();
  };

  emitKeypressEvents(stdin);
  stdin.on("keypress", onKey);
  // The terminal is gone, and with it the key.
  stdin.on("error", () => {});
  process.on("SIGCONT", take);
  process.on("exit", end);
  take();
  return { [Symbol.dispose]: end };
}

/** Runs `stty` on the terminal. @returns what it prints; `null` when it fails, or there is no terminal */
function stty(...args: string[]): string | null {
  const terminal = openTerminal();
  if (terminal === null) return null;
  try {
    const { status, stdout } = spawnSync("stty", args, { stdio: [terminal, "pipe", "ignore"], encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  } finally {
    closeSync(terminal);
  }
}

/** Opens the terminal anew: of stdin itself, handed to a child, Node makes a descriptor whose reads block this process. */
function openTerminal(): number | null {
  try {
    return openSync("/dev/tty", "r");
  } catch {
    return null;
  }
}

/** Whether the terminal is this program's to use. Only Linux tells; elsewhere it is taken for granted. */
function isInForeground(): boolean {
  if (process.platform !== "linux") return true;
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The second field, the program's name in brackets, may hold anything.
  const [, , group, , , foregroundGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return foregroundGroup === group || foregroundGroup === "-1";
}
