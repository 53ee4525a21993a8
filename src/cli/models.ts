/**
 * The ways to run requests, by the names that `--model` takes.
 *
 * @module
 */

import type { Address } from "../core/address.js";
import type { BaseServer } from "../core/base-server.js";
import type { RequestHandlerClass } from "../core/request-handler.js";
import type { ServerOptionName, ServerOptions } from "../core/server-options.js";
import type { Socket } from "../core/socket.js";
import { TCPServer } from "../core/tcp-server.js";
import { type DatagramRequest, UDPServer } from "../core/udp-server.js";
import { UnixStreamServer } from "../core/unix-server.js";
import { MultiplexingTCPServer, MultiplexingUDPServer, MultiplexingUnixStreamServer } from "../mixins/classes.js";
import type { BundledServer } from "../servers/bundled-server.js";
import { CommandError } from "./command-error.js";
import type { Endpoint } from "./endpoint.js";

type ServerClass<Request> = (new (
  address: Address,
  handler: RequestHandlerClass<Request>,
  options: ServerOptions,
) => BaseServer<Request>) & { readonly optionNames: readonly ServerOptionName[] };

/** A way to run requests: a server class for each protocol. */
export interface Model {
  readonly name: string;
  /** What it is like, for the help. */
  readonly summary: string;
  readonly tcp: ServerClass<Socket>;
  readonly udp: ServerClass<DatagramRequest>;
  readonly unix: ServerClass<Socket>;
}

const plain: Model = {
  name: "plain",
  summary: "one client at a time, the next ones wait",
  tcp: TCPServer,
  udp: UDPServer,
  unix: UnixStreamServer,
};

const multiplexing: Model = {
  name: "multiplexing",
  summary: "many clients at once, in one event loop",
  tcp: MultiplexingTCPServer,
  udp: MultiplexingUDPServer,
  unix: MultiplexingUnixStreamServer,
};

/** All of them. */
export const models: readonly Model[] = [plain, multiplexing];

/** The one that is used when nothing is said. */
export const DEFAULT_MODEL: Model = multiplexing;

/** Finds a model by its name. @throws CommandError naming those there are. */
export function findModel(name: string): Model {
  const found = models.find((model) => model.name === name);
  if (found !== undefined) return found;
  const names = models.map((model) => model.name).join(" or ");
  throw new CommandError(`Cannot use "${name}" as --model: it takes ${names}.`);
}

/** Whether the servers of a model have an option. */
export function hasOption(model: Model, { protocol }: Endpoint, name: ServerOptionName): boolean {
  return model[protocol].optionNames.includes(name);
}

/** Makes the server, which is not open yet. */
export function makeServer(
  bundled: BundledServer,
  model: Model,
  { protocol, address, addressFamily }: Endpoint,
  options: ServerOptions,
): BaseServer<Socket> | BaseServer<DatagramRequest> {
  const all = { addressFamily, ...options };
  if (protocol === "udp") return new model.udp(address, bundled.datagramHandler, all);
  return new model[protocol](address, bundled.streamHandler, all);
}
