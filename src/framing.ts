/**
 * `ts-socketserver/framing`: what cuts a stream of bytes into messages.
 *
 * @module
 */

export type { LengthPrefixOptions, MessageFile } from "./framing/length-prefix.js";
export { LengthPrefixedReader, LengthPrefixedWriter, prefixLength, unprefixLength } from "./framing/length-prefix.js";
