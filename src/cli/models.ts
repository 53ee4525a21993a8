/**
 * The ways to run requests, by the names that `--model` takes.
 *
 * @module
 */

import type { BaseServer } from "../core/server/base-server.js";
import { TCPServer, UDPServer, UnixStreamServer } from "../core/server/classes.js";
import type { ServerOptionName, ServerOptions } from "../core/server/options.js";
import {
  ForkingTCPServer,
  ForkingUDPServer,
  ForkingUnixStreamServer,
  MultiplexingTCPServer,
  MultiplexingUDPServer,
  MultiplexingUnixStreamServer,
  ThreadingTCPServer,
  ThreadingUDPServer,
  ThreadingUnixStreamServer,
} from "../mixins/classes.js";
import type { AnyArguments, ServerClass } from "../mixins/multiplexing.js";
import type { BundledServer, ModelName } from "../servers/description.js";
import type { Endpoint, Protocol } from "./endpoint.js";
import { CommandError } from "./errors.js";
import { oneOf } from "./text.js";

/** A server class, and none that only others extend. */
type ConcreteServerClass = (new (...args: AnyArguments) => BaseServer) & Pick<ServerClass, "optionNames">;

/** A way to run requests: a server class for each protocol. */
export interface Model extends Readonly<Record<Protocol, ConcreteServerClass>> {
  readonly name: ModelName;
  /** What it is like, for the help. */
  readonly summary: string;
}

/** All of them. */
export const models: readonly Model[] = [
  {
    name: "plain",
    summary: "one client at a time, the next ones wait",
    tcp: TCPServer,
    udp: UDPServer,
    unix: UnixStreamServer,
  },
  {
    name: "multiplexing",
    summary: "many clients at once, in one event loop",
    tcp: MultiplexingTCPServer,
    udp: MultiplexingUDPServer,
    unix: MultiplexingUnixStreamServer,
  },
  {
    name: "threading",
    summary: "in worker threads",
    tcp: ThreadingTCPServer,
    udp: ThreadingUDPServer,
    unix: ThreadingUnixStreamServer,
  },
  {
    name: "forking",
    summary: "in child processes",
    tcp: ForkingTCPServer,
    udp: ForkingUDPServer,
    unix: ForkingUnixStreamServer,
  },
];

/** The one that is used when nothing is said: the best for whoever waits more than it computes. */
const DEFAULT_MODEL: ModelName = "multiplexing";

/** The models in which a server makes sense. */
export function modelsOf(bundled: BundledServer): readonly Model[] {
  const names = bundled.models;
  return names === undefined ? models : models.filter(({ name }) => names.includes(name));
}

/** The one in which it runs when nothing is said. */
export function defaultModelOf(bundled: BundledServer): Model {
  const all = modelsOf(bundled);
  const model = all.find(({ name }) => name === DEFAULT_MODEL) ?? all[0];
  if (model === undefined) throw new TypeError(`The server ${bundled.name} names no model.`);
  return model;
}

/** Finds a model by its name. @throws CommandError naming those that the server has. */
export function findModel(bundled: BundledServer, name: string): Model {
  const all = modelsOf(bundled);
  const found = all.find((model) => model.name === name);
  if (found !== undefined) return found;
  const names = all.map((model) => model.name);
  const exists = models.some((model) => model.name === name);
  throw new CommandError(
    `Cannot use "${name}" as --model${exists ? ` of ${bundled.name}` : ""}: it takes ${oneOf(names)}.${exists && bundled.unsupportedModelsReason !== undefined ? ` ${bundled.unsupportedModelsReason}` : ""}`,
  );
}

/** Whether the servers of a model have an option. */
export function hasOption(model: Model, protocol: Protocol, name: ServerOptionName): boolean {
  return model[protocol].optionNames.includes(name);
}

/** The protocols that a server speaks, its usual one first. */
export function protocolsOf({ streamHandler, datagramHandler }: BundledServer): readonly Protocol[] {
  const streams = streamHandler === undefined ? [] : (["tcp", "unix"] as const);
  return [...streams, ...(datagramHandler === undefined ? [] : (["udp"] as const))];
}

/** What is to be served, where and how. */
export interface ServerPlan {
  readonly bundled: BundledServer;
  readonly model: Model;
  readonly endpoint: Endpoint;
  readonly options?: ServerOptions;
  /** The values of the server's own options, by the properties that take them. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Makes the server, which is not open yet. @throws TypeError for a protocol that it does not speak */
export function makeServer({
  bundled,
  model,
  endpoint: { protocol, address, addressFamily },
  options = {},
  settings = {},
}: ServerPlan): BaseServer {
  const { [protocol]: Plain } = model;
  const Server = bundled.extend?.(Plain) ?? Plain;
  const handler = protocol === "udp" ? bundled.datagramHandler : bundled.streamHandler;
  if (handler === undefined) throw new TypeError(`The server ${bundled.name} does not speak ${protocol}.`);
  const sizes =
    protocol === "udp" && bundled.maxPacketSize !== undefined ? { maxPacketSize: bundled.maxPacketSize } : {};
  return Object.assign(new Server(address, handler, { addressFamily, ...sizes, ...options }), settings);
}
