/**
 * The handlers that more than one test file needs.
 *
 * @module
 */

export { DatagramEcho, Echo, Idle, LineEcho } from "./contract-handlers.mjs";
