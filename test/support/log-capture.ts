/**
 * A logger whose lines can be looked at.
 *
 * @module
 */

import { type Logger, pino } from "pino";

/** One line of a log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  /** When it was written, in milliseconds of `performance.now()`. */
  readonly writtenAt: number;
  readonly [field: string]: unknown;
}

/** A logger, and what it has written. */
export interface LogCapture {
  readonly logger: Logger;
  readonly lines: LogLine[];
}

/** Makes a logger that keeps its lines. */
export function captureLog(level: "debug" | "info" | "warn" = "debug"): LogCapture {
  const lines: LogLine[] = [];
  const write = (line: string): void => {
    lines.push({ ...JSON.parse(line), writtenAt: performance.now() });
  };
  return { logger: pino({ level }, { write }), lines };
}
