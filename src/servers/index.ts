/**
 * `ts-socketserver/servers`: servers that are ready to run. `socketserver --help` lists them.
 *
 * Their handlers can be subclassed, and go with any server class.
 *
 * @module
 */

export type { BundledExample, BundledOption, BundledServer, ModelName } from "./bundled-server.js";
export { bundledServers } from "./catalogue.js";
export { ChargenDatagramHandler, ChargenStreamHandler, chargen } from "./chargen.js";
export type { ChatServing } from "./chat.js";
export { ChatMixIn, ChatServer, ChatStreamHandler, chatRoom } from "./chat.js";
export type { ChatCommand, ChatMember, ChatRoomOptions } from "./chat-room.js";
export { ChatRoom } from "./chat-room.js";
export { DaytimeDatagramHandler, DaytimeStreamHandler, daytime } from "./daytime.js";
export { DiscardDatagramHandler, DiscardStreamHandler, discard } from "./discard.js";
export { EchoDatagramHandler, EchoStreamHandler, echo } from "./echo.js";
export type { Greeting } from "./greet.js";
export { GreetDatagramHandler, GreetMixIn, GreetStreamHandler, greet } from "./greet.js";
export type { HttpAnswer, HttpServing } from "./http.js";
export { HttpMixIn, HttpStreamHandler, http } from "./http.js";
export type { HttpLimits } from "./http-connection.js";
export { JsonDatagramHandler, JsonStreamHandler, json } from "./json.js";
export { JsonReader } from "./json-reader.js";
export type { JsonLimits, JsonMessage } from "./json-scanner.js";
export { JsonScanner, parseJson } from "./json-scanner.js";
export type { LengthPrefixOptions, MessageFile } from "./length-prefix.js";
export { LengthPrefixedReader, LengthPrefixedWriter, prefixLength, unprefixLength } from "./length-prefix.js";
export type { Naming } from "./name.js";
export { NameMixIn, NameStreamHandler, name } from "./name.js";
export type { ObjectCodecOptions } from "./object-codec.js";
export { classNameOf, ObjectCodec, ObjectError, UnknownObject } from "./object-codec.js";
export { ObjectsDatagramHandler, ObjectsStreamHandler, objects } from "./objects.js";
export type { Proxying } from "./proxy.js";
export { ProxyMixIn, ProxyStreamHandler, proxy, TargetError } from "./proxy.js";
export type { Quoting } from "./qotd.js";
export { QotdDatagramHandler, QotdMixIn, QotdStreamHandler, qotd } from "./qotd.js";
export type { Responding } from "./respond.js";
export { RespondDatagramHandler, RespondMixIn, respond } from "./respond.js";
export type { SelectEchoOptions } from "./select-echo.js";
export { SelectEcho } from "./select-echo.js";
export type { FilteredTelnet } from "./telnet-filter.js";
export { escapeTelnet, TelnetFilter } from "./telnet-filter.js";
export { TelnetRequestHandler } from "./telnet-handler.js";
export { TimeDatagramHandler, TimeStreamHandler, time } from "./time.js";
export type {
  ChatEnding,
  ChatOptions,
  ChatPartner,
  ChatTerms,
  HostChatOptions,
  JoinChatOptions,
} from "./two-person-chat.js";
export { chatOver, hostChat, joinChat, readChatName } from "./two-person-chat.js";
export { UpperDatagramHandler, UpperStreamHandler, upper } from "./upper.js";
