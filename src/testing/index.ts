/**
 * `ts-socketserver/testing`: helpers for testing servers and handlers.
 *
 * @module
 */

export { DatagramTestClient, StreamTestClient } from "./client.js";
export type { MemoryStreamOptions } from "./memory-stream.js";
export { MemoryStream, memoryStreamPair } from "./memory-stream.js";
export { RunningServer, serve } from "./serve.js";
