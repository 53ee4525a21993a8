/**
 * `ts-socketserver/servers`: servers that are ready to run. `socketserver --help` lists them.
 *
 * Their handlers can be subclassed, and go with any server class.
 *
 * @module
 */

export type { LengthPrefixOptions, MessageFile } from "../framing/length-prefix.js";
export { LengthPrefixedReader, LengthPrefixedWriter, prefixLength, unprefixLength } from "../framing/length-prefix.js";
export { bundledServers } from "./catalogue.js";
export { ChargenDatagramHandler, ChargenStreamHandler, chargen } from "./chargen.js";
export type { ChatCommand, ChatMember, ChatRoomOptions } from "./chat/room.js";
export { ChatRoom } from "./chat/room.js";
export type { ChatServing } from "./chat/server.js";
export { ChatMixIn, ChatServer, ChatStreamHandler, chatRoom } from "./chat/server.js";
export type {
  ChatEnding,
  ChatOptions,
  ChatPartner,
  ChatTerms,
  HostChatOptions,
  JoinChatOptions,
} from "./chat/two-person.js";
export { chatOver, hostChat, joinChat, readChatName } from "./chat/two-person.js";
export { DaytimeDatagramHandler, DaytimeStreamHandler, daytime } from "./daytime.js";
export type { BundledExample, BundledOption, BundledServer, ModelName } from "./description.js";
export { DiscardDatagramHandler, DiscardStreamHandler, discard } from "./discard.js";
export { EchoDatagramHandler, EchoStreamHandler, echo } from "./echo.js";
export type { Greeting } from "./greet.js";
export { GreetDatagramHandler, GreetMixIn, GreetStreamHandler, greet } from "./greet.js";
export type { HttpLimits } from "./http/connection.js";
export type { HttpAnswer, HttpServing } from "./http/server.js";
export { HttpMixIn, HttpStreamHandler, http } from "./http/server.js";
export type { JsonLimits, JsonMessage } from "./json/reader.js";
export { JsonReader, JsonScanner, parseJson } from "./json/reader.js";
export { JsonDatagramHandler, JsonStreamHandler, json } from "./json/server.js";
export type { Naming } from "./name.js";
export { NameMixIn, NameStreamHandler, name } from "./name.js";
export type { ObjectCodecOptions } from "./objects/codec.js";
export { classNameOf, ObjectCodec, ObjectError, UnknownObject } from "./objects/codec.js";
export { ObjectsDatagramHandler, ObjectsStreamHandler, objects } from "./objects/server.js";
export type { Proxying } from "./proxy.js";
export { ProxyMixIn, ProxyStreamHandler, proxy, TargetError } from "./proxy.js";
export type { Quoting } from "./qotd.js";
export { QotdDatagramHandler, QotdMixIn, QotdStreamHandler, qotd } from "./qotd.js";
export type { Responding } from "./respond.js";
export { RespondDatagramHandler, RespondMixIn, respond } from "./respond.js";
export type { SelectEchoOptions } from "./select-echo.js";
export { SelectEcho } from "./select-echo.js";
export type { FilteredTelnet } from "./telnet/filter.js";
export { escapeTelnet, TelnetFilter } from "./telnet/filter.js";
export { TelnetRequestHandler } from "./telnet/handler.js";
export { TimeDatagramHandler, TimeStreamHandler, time } from "./time.js";
export { UpperDatagramHandler, UpperStreamHandler, upper } from "./upper.js";
