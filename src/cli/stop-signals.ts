/**
 * How the user ends a server: Ctrl-C (SIGINT), or SIGTERM.
 *
 * @module
 */

import { constants } from "node:os";

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A signal that asks a server to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Listens for the signals.
 *
 * @param stop called at the first one. The second leaves the process at once, with the exit code that a shell gives to a
 *   program that a signal has ended: 130 for SIGINT.
 */
export function onStopSignal(stop: (signal: StopSignal) => void): void {
  let stopping = false;
  const listener = (signal: StopSignal): void => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    stopping = true;
    stop(signal);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
}
