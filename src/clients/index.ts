/**
 * `ts-socketserver/clients`: clients and tools. `socketserver connect`, `fetch`, `resolve` and `ports` are made of them.
 *
 * @module
 */

export type {
  Conversation,
  ConversationInput,
  DatagramConversationOptions,
  ReplyTaker,
} from "./converse.js";
export { converse, converseInDatagrams } from "./converse.js";
export { endSending } from "./end-sending.js";
export type { HttpGetOptions } from "./http-get.js";
export { httpGet } from "./http-get.js";
export type { HttpHeader, ReadResponseOptions, StatusLine } from "./http-response.js";
export { BadResponseError, HttpResponse, readHttpResponse } from "./http-response.js";
export { linesOf } from "./lines-of.js";
export type { PortInformation, PortRange } from "./ports.js";
export { findPorts, portRangeOf, portRanges } from "./ports.js";
export type { ResolvedAddress } from "./resolve-name.js";
export { resolveName } from "./resolve-name.js";
