/**
 * `ts-socketserver/servers`: servers that are ready to run. `socketserver --help` lists them.
 *
 * Their handlers can be subclassed, and go with any server class.
 *
 * @module
 */

export { bundledServers } from "./catalogue.js";
export { ChargenDatagramHandler, ChargenStreamHandler, chargenServer } from "./chargen.js";
export type { ChatCommand, ChatMember, ChatRoomOptions } from "./chat/room.js";
export { ChatRoom } from "./chat/room.js";
export type { ChatServing } from "./chat/server.js";
export { ChatMixIn, ChatServer, ChatStreamHandler, chatRoomServer } from "./chat/server.js";
export type {
  ChatEnding,
  ChatOptions,
  ChatPartner,
  ChatTerms,
  HostChatOptions,
  JoinChatOptions,
} from "./chat/two-person.js";
export { chatOver, hostChat, joinChat, parseChatName } from "./chat/two-person.js";
export { DaytimeDatagramHandler, DaytimeStreamHandler, daytimeServer } from "./daytime.js";
export type { BundledExample, BundledOption, BundledServer, ModelName } from "./description.js";
export { DiscardDatagramHandler, DiscardStreamHandler, discardServer } from "./discard.js";
export { EchoDatagramHandler, EchoStreamHandler, echoServer } from "./echo.js";
export type { Greeting } from "./greet.js";
export { GreetDatagramHandler, GreetMixIn, GreetStreamHandler, greetServer } from "./greet.js";
export type { HttpLimits } from "./http/connection.js";
export type { HttpAnswer, HttpServing } from "./http/server.js";
export { HttpMixIn, HttpStreamHandler, httpServer } from "./http/server.js";
export type { JsonLimits, JsonMessage } from "./json/reader.js";
export { JsonReader, JsonScanner, parseJson } from "./json/reader.js";
export { JsonDatagramHandler, JsonStreamHandler, jsonServer } from "./json/server.js";
export type { Naming } from "./name.js";
export { NameMixIn, NameStreamHandler, nameServer } from "./name.js";
export type { ObjectCodecOptions } from "./objects/codec.js";
export { classNameOf, ObjectCodec, ObjectError, UnknownObject } from "./objects/codec.js";
export { ObjectsDatagramHandler, ObjectsStreamHandler, objectsServer } from "./objects/server.js";
export type { Proxying } from "./proxy.js";
export { ProxyMixIn, ProxyStreamHandler, proxyServer, TargetError } from "./proxy.js";
export type { Quoting } from "./qotd.js";
export { QotdDatagramHandler, QotdMixIn, QotdStreamHandler, qotdServer } from "./qotd.js";
export type { Responding } from "./respond.js";
export { RespondDatagramHandler, RespondMixIn, respondServer } from "./respond.js";
export type { SelectEchoOptions } from "./select-echo.js";
export { SelectEcho } from "./select-echo.js";
export type { FilteredTelnet } from "./telnet/filter.js";
export { escapeTelnet, TelnetFilter } from "./telnet/filter.js";
export { TelnetRequestHandler } from "./telnet/handler.js";
export { TimeDatagramHandler, TimeStreamHandler, timeServer } from "./time.js";
export { UpperDatagramHandler, UpperStreamHandler, upperServer } from "./upper.js";
