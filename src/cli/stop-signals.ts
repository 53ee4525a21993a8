/**
 * How the user ends a server: Ctrl-C (SIGINT), or SIGTERM; some servers also with a key.
 *
 * @module
 */

import { constants } from "node:os";

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A signal that asks a server to stop. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** What has asked a server to stop. */
export type StopCause = StopSignal | "Esc";

/**
 * Listens for the signals.
 *
 * @param stop called once, for whatever asks first. A signal after that leaves the process at once, with the exit code that a
 *   shell gives to a program that a signal has ended: 130 for SIGINT.
 * @returns asks in another way than by a signal. Asking twice does nothing more.
 */
export function onStopSignal(stop: (cause: StopCause) => void): (cause: StopCause) => void {
  let stopping = false;
  const ask = (cause: StopCause): void => {
    if (stopping) return;
    stopping = true;
    stop(cause);
  };
  const listener = (signal: StopSignal): void => {
    if (stopping) process.exit(128 + constants.signals[signal]);
    ask(signal);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return ask;
}
