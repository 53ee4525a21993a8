/**
 * `socketserver connect`: a client for lines, typed or from a pipe.
 *
 * @module
 */

import { Argument, type Command, Option } from "commander";
import { converse, converseInDatagrams } from "../clients/converse.js";
import { type Address, familyOf, formatAddress, type InetAddress, parseAddress } from "../core/address/address.js";
import { SOCK_DGRAM } from "../core/constants.js";
import { createConnection } from "../core/socket/connect.js";
import { Socket } from "../core/socket/socket.js";
import type { Protocol } from "./endpoint.js";
import { CommandError, explainClientError } from "./errors.js";
import { seconds, secondsAboveZero } from "./options.js";
import { isOutputClosed, ReplyOutput } from "./output/replies.js";

const CONNECT_TIMEOUT = 10;
const SILENCE = 1;

interface ConnectOptions {
  readonly timeout: number;
  readonly wait: number;
}

/** Adds the command. */
export function addConnectCommand(program: Command): void {
  program
    .command("connect")
    .description("Connects to a server: what you type is sent line by line, and its replies are printed.")
    .summary("talks with a server: what you type, or what a pipe brings")
    .helpGroup("Clients and tools:")
    .addArgument(new Argument("<protocol>", "how to connect").choices(["tcp", "udp", "unix"]))
    .argument("<address>", "host:port, or the path of a Unix socket")
    .addOption(
      new Option("--timeout <seconds>", "how long connecting may take")
        .argParser(secondsAboveZero("--timeout"))
        .default(CONNECT_TIMEOUT),
    )
    .addOption(
      new Option("--wait <seconds>", "how long to wait for replies at the end, over UDP; 0 wants none")
        .argParser(seconds("--wait"))
        .default(SILENCE),
    )
    .addHelpText("after", HELP)
    .action(async (protocol: Protocol, address: string, options: ConnectOptions) => {
      try {
        await (protocol === "udp" ? talkInDatagrams(address, options) : talk(protocol, address, options));
      } catch (error) {
        if (!isOutputClosed(error)) throw explainClientError(error);
      }
      // The input may still be open.
      process.exit(0);
    });
}

async function talk(protocol: "tcp" | "unix", text: string, { timeout }: ConnectOptions): Promise<void> {
  const address: Address = protocol === "unix" ? text : parseAddress(text);
  await using socket = await createConnection(address, { timeout });
  // It was for connecting: whoever types may take their time.
  socket.settimeout(null);
  const output = new ReplyOutput();
  tell(`Connected to ${protocol} ${formatAddress(address)}. Ctrl-D ends your side, Ctrl-C leaves.`);
  await converse(socket, process.stdin, (reply) => output.write(reply));
  tell("The other side has ended the connection.");
}

async function talkInDatagrams(text: string, { wait }: ConnectOptions): Promise<void> {
  const address = parseAddress(text);
  await using socket = await openDatagramSocket(address);
  const output = new ReplyOutput();
  tell(`Each line goes as a datagram to udp ${formatAddress(address)}. Ctrl-D ends, Ctrl-C leaves at once.`);
  const { sent, received } = await converseInDatagrams(socket, process.stdin, (reply) => output.write(asLine(reply)), {
    silence: wait,
  });
  if (sent > 0 && received === 0 && wait > 0) {
    throw new CommandError(
      `No reply came from udp ${formatAddress(address)} within ${wait} s. Is the server running? Datagrams may get lost, too.`,
    );
  }
}

async function openDatagramSocket(address: InetAddress): Promise<Socket> {
  const socket = new Socket(familyOf(address), SOCK_DGRAM);
  try {
    await socket.connect(address);
    return socket;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/** A datagram need not end its line, but the next one is to begin a new one. */
function asLine(reply: Buffer): Buffer {
  return reply.at(-1) === 0x0a ? reply : Buffer.concat([reply, Buffer.from("\n")]);
}

/** Tells who types there how it stands. Nobody else needs to know. */
function tell(text: string): void {
  if (process.stdin.isTTY) process.stderr.write(`${text}\n`);
}

const HELP = `
For example, with a server that runs (socketserver upper):
  socketserver connect tcp 127.0.0.1:9999
or from a pipe:
  echo hello | socketserver connect tcp 127.0.0.1:9999
What comes back:
  HELLO

More:
  socketserver connect udp 127.0.0.1:9999    each line is a datagram
  socketserver connect unix /tmp/upper.sock  a Unix socket

At the end of the input the sending is ended, and the replies are read to
their end. When the other side has ended its own sending, the command ends.

The exit code is 0 when the other side has ended the connection in good
order (over UDP: when a reply came), and 1 when there was no connection, or
it was broken off. A terminal is shown control characters as \\x1b; a pipe
or a file gets every byte as it came.
`;
