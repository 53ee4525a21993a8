/**
 * The options that say where to listen: `--tcp`, `--udp`, `--unix`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { familyOf, parseAddress } from "../core/address/address.js";
import { MAX_SECONDS } from "../core/checks.js";
import { AF_UNIX } from "../core/constants.js";
import type { Endpoint, Protocol } from "./endpoint.js";
import { CommandError } from "./errors.js";

/** Where a server listens when it is told nothing: only programs of the same machine reach it there. */
const DEFAULT_ADDRESS = "127.0.0.1:9999";

/** The options, as commander hands them over. At most one is there. */
export interface AddressOptions {
  readonly tcp?: Endpoint;
  readonly udp?: Endpoint;
  readonly unix?: Endpoint;
}

const MEANINGS: Readonly<Record<Protocol, string>> = {
  tcp: "serve TCP there",
  udp: "serve UDP there",
  unix: "serve a Unix socket there",
};

/**
 * Adds the options to a command.
 *
 * @param protocols those that the server speaks; without a word, it listens at the usual address of the first.
 */
export function addAddressOptions(command: Command, protocols: readonly Protocol[]): void {
  const [usual] = protocols;
  for (const protocol of protocols) {
    const isUsual = protocol === usual ? ` (default: ${DEFAULT_ADDRESS})` : "";
    const value = protocol === "unix" ? "<path>" : "<host:port>";
    const option = new Option(`--${protocol} ${value}`, `${MEANINGS[protocol]}${isUsual}`)
      .argParser((text) => readEndpoint(protocol, text))
      .conflicts(protocols.filter((other) => other !== protocol));
    command.addOption(option.helpGroup(`Where it listens${protocols.length > 1 ? " (one of these)" : ""}:`));
  }
}

/** Where a server listens when it is told nothing. */
export function defaultEndpoint(protocols: readonly Protocol[]): Endpoint {
  return readEndpoint(protocols.includes("tcp") ? "tcp" : "udp", DEFAULT_ADDRESS);
}

/** Which endpoint the options name. */
export function endpointOf({ tcp, udp, unix }: AddressOptions, protocols: readonly Protocol[]): Endpoint {
  return tcp ?? udp ?? unix ?? defaultEndpoint(protocols);
}

/**
 * Reads where to listen.
 *
 * @throws CommandError that says what is wrong with it.
 */
export function readEndpoint(protocol: Protocol, text: string): Endpoint {
  return protocol === "unix" ? readUnixEndpoint(text) : readInetEndpoint(protocol, text);
}

function readInetEndpoint(protocol: "tcp" | "udp", text: string): Endpoint {
  const address = readValue(`--${protocol}`, parseAddress, text);
  return { protocol, address, addressFamily: familyOf(address) };
}

function readUnixEndpoint(path: string): Endpoint {
  if (path === "") {
    throw new CommandError(`Cannot use "" as --unix: it takes the path of a socket, such as /tmp/app.sock.`);
  }
  return { protocol: "unix", address: path, addressFamily: AF_UNIX };
}

/** Makes the parser of an option that takes a whole number from 1. */
export function count(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
    throw new CommandError(`Cannot use "${text}" as ${option}: it takes a whole number from 1.`);
  };
}

/** Makes the parser of an option that takes seconds, fractions allowed. */
export function seconds(option: string): (text: string) => number {
  return secondsParser(option, `seconds from 0 to ${MAX_SECONDS}`, (value) => value >= 0);
}

/** The same, for what cannot be done without waiting. */
export function secondsAboveZero(option: string): (text: string) => number {
  return secondsParser(option, `seconds above 0 and up to ${MAX_SECONDS}`, (value) => value > 0);
}

function secondsParser(option: string, wanted: string, isEnough: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= MAX_SECONDS && isEnough(value)) return value;
    throw new CommandError(`Cannot use "${text}" as ${option}: it takes ${wanted}.`);
  };
}

/**
 * Reads the value of an option.
 *
 * @param parse throws a RangeError whose message says what is wrong with the text. Anything else that it throws is a bug.
 * @throws CommandError with the option before that message.
 */
export function readValue<Value>(option: string, parse: (text: string) => Value, text: string): Value {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(`${option}: ${error.message}`);
    throw error;
  }
}
