/**
 * Every default of this package, in one place.
 *
 * @module
 */

/** The values that apply where neither a class field nor an option says otherwise. Durations are seconds. */
export const defaults = {
  /** Connections that may wait to be accepted, as in Node. */
  requestQueueSize: 511,
  /** Bind again to a port whose last connections are still winding down: what every server wants, and Node does. */
  allowReuseAddress: true,
  /** Share a port among several servers, the system spreading the connections. */
  allowReusePort: false,
  /** `handleRequest()` waits for ever. */
  timeout: null,
  /** `serverClose()` waits for the handlers that are running. */
  blockOnClose: true,
  /** … but not longer than this; Thousand Island waits as long. */
  shutdownTimeout: 15,
  /** At least this often `serviceActions()` is called, where a class overrides it. */
  pollInterval: 0.5,
  /** What of a datagram is received; the rest is cut. Python's value. */
  maxPacketSize: 8192,
  /** Requests that a multiplexing server runs at once; further clients wait. */
  maxConnections: 10_000,
  /** Child processes that a forking server may have. Python's value. */
  maxChildren: 40,
  /** A child process runs as many requests at once as there are for it. */
  requestsPerChild: Number.POSITIVE_INFINITY,
  /** `timeout` of a forking server. Python's value. */
  forkingTimeout: 300,
  /** Requests in threads and processes may take as long as they want. */
  requestTimeout: null,
  /** Threads that blocking handlers may have, one each; further clients wait. A thread takes some 9 MB. */
  maxThreads: 64,
  /** `serverClose()` waits for handlers in threads, too. */
  daemonThreads: false,
  /** What a handler leaves unhandled ends its own request alone. */
  unhandledErrors: "end-request",
  /** Sends that may wait on one socket at once. */
  maxQueuedSends: 1024,
  /** Bytes that a line of a stream may have, its end included. */
  maxLineLength: 65_536,
  /** Bytes that a read to the end of a stream returns. */
  maxReadSize: 64 * 1024 * 1024,
  /** Bytes that a reader receives at a time: as much as a read of a busy TCP connection brings. */
  readBufferSize: 65_536,
  /** Bytes that a writer collects before they have to leave: as many as a reader receives at a time. */
  writeBufferSize: 65_536,
  /** Bytes of writes that may wait, with what each takes besides, where nobody awaits them. */
  maxQueueSize: 16 * 1024 * 1024,
} as const;
