/**
 * `ts-socketserver/selectors`: Python's `select` and `selectors` modules.
 *
 * @module
 */

export type { FileObject, SelectorKey } from "./core/socket/select.js";
export { DefaultSelector, EVENT_READ, EVENT_WRITE, select } from "./core/socket/select.js";
