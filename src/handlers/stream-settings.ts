/**
 * {@link applySettings}: what handlers of connections set, whether they await or block.
 *
 * @module
 */

import { IPPROTO_TCP, TCP_NODELAY } from "../core/constants.js";
import { OSError } from "../core/errors.js";
import type { StreamReaderOptions } from "../core/stream/reader.js";
import type { StreamWriterOptions } from "../core/stream/writer.js";

/** The fields of a handler that its subclasses set. */
interface StreamSettings {
  readonly rbufsize: number;
  readonly wbufsize: number;
  readonly timeout: number | null;
  readonly disableNagleAlgorithm: boolean;
  readonly maxLineLength: number;
}

/** A socket of either kind. */
interface Connection {
  settimeout(seconds: number | null): void;
  setsockopt(level: number, name: number, value: boolean): void;
}

/** Applies a handler's settings to its connection. @returns the options of its files */
export function applySettings(
  handler: StreamSettings,
  connection: Connection,
): { readonly reader: StreamReaderOptions; readonly writer: StreamWriterOptions } {
  const { rbufsize, wbufsize, timeout, disableNagleAlgorithm, maxLineLength } = handler;
  if (timeout !== null) connection.settimeout(timeout);
  // Connections of servers have it on already.
  if (!disableNagleAlgorithm) connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, false);
  return {
    reader: { bufferSize: rbufsize < 0 ? undefined : rbufsize, maxLineLength },
    writer: { bufferSize: wbufsize < 0 ? undefined : wbufsize },
  };
}

/** Looks at what the last flush has failed with. @throws it, unless the client no longer listens: as in Python, that is no failure */
export function checkLastFlush(error: unknown): void {
  if (!(error instanceof OSError)) throw error;
}
