/**
 * `socketserver chat`: two people who take turns, or a room for many.
 *
 * A command of its own, since only the room is a server as the others are: of two people each is a client as well.
 *
 * @module
 */

import { userInfo } from "node:os";
import { addAbortSignal } from "node:stream";
import { type Command, Option } from "commander";
import { converse } from "../clients/converse.js";
import { type Address, parseTarget } from "../core/address/address.js";
import type { Socket } from "../core/socket/socket.js";
import { chatRoomServer } from "../servers/chat/server.js";
import { type ChatEnding, hostChat, joinChat, parseChatName } from "../servers/chat/two-person.js";
import { TerminalPartner } from "./chat-terminal.js";
import { type Endpoint, formatEndpoint, listensOnAllInterfaces, reachable } from "./endpoint.js";
import { CommandError, explainClientError, explainOpening } from "./errors.js";
import { addAddressOptions, endpointOf, readValue } from "./options.js";
import { isOutputClosed, ReplyOutput } from "./output/replies.js";
import { addOutputOptions, addRunOptions, type ServeOptions, serve } from "./serve-command.js";
import { onStopSignal } from "./stop-signals.js";

const ROOM_GROUP = "With --room:";

interface ChatCommandOptions extends ServeOptions {
  readonly name?: string;
  readonly connect?: Address;
  readonly room?: boolean;
}

/** Adds the command. */
export function addChatCommand(program: Command): void {
  const command = program
    .command(chatRoomServer.name)
    .summary(chatRoomServer.summary)
    .description(
      "Chats with one other person, by turns: one of you waits, the other one connects. Or serves a room for many.",
    )
    .helpGroup("Servers:");
  const own = [
    new Option("--name <text>", "your name (default: that of your account)").argParser((text) =>
      readValue("--name", parseChatName, text),
    ),
    new Option("--connect <address>", "connect to who waits there, or to a room: host:port, or a path with a / in it")
      .argParser((text) => readValue("--connect", parseTarget, text))
      .conflicts(["room", "tcp", "unix"]),
    new Option("--room", "serve a room for many people").conflicts(["name"]),
  ];
  for (const option of own) command.addOption(option.helpGroup("What it does:"));
  addAddressOptions(command, ["tcp", "unix"]);
  const ofBoth = new Set(command.options);
  addRunOptions(command, chatRoomServer, ROOM_GROUP);
  addOutputOptions(command, ROOM_GROUP);
  const ofRoom = command.options.filter((option) => !ofBoth.has(option));
  command.addHelpText("after", HELP).action(async (options: ChatCommandOptions) => {
    if (options.room) return await serve(chatRoomServer, options);
    const misplaced = ofRoom.find((option) => command.getOptionValueSource(option.attributeName()) === "cli");
    if (misplaced !== undefined) throw new CommandError(`Cannot use ${misplaced.long} without --room.`);
    await chat(options);
  });
}

async function chat(options: ChatCommandOptions): Promise<void> {
  const partner = new TerminalPartner(options.name ?? accountName());
  const leaving = new AbortController();
  onStopSignal(() => {
    partner.interrupted();
    leaving.abort();
  });
  const { signal } = leaving;
  try {
    const onRoom = (connection: Socket, firstLine: string): Promise<void> => chatInRoom(connection, firstLine, signal);
    const ending =
      options.connect === undefined
        ? await host(endpointOf(options, ["tcp", "unix"]), partner, signal)
        : await joinChat(options.connect, partner, { signal, onRoom });
    if (ending?.left === "the other") await partner.tell(`${ending.other} has left.`);
    else if (ending !== null || signal.aborted) await partner.tell("You have left.");
  } catch (error) {
    if (!isOutputClosed(error)) throw error instanceof CommandError ? error : explainClientError(error);
  } finally {
    // Open, it would keep the process.
    process.stdin.destroy();
  }
  // So would connecting, which cannot be called off.
  if (signal.aborted) process.exit();
}

async function host(endpoint: Endpoint, partner: TerminalPartner, signal: AbortSignal): Promise<ChatEnding | null> {
  let isWaiting = false;
  const onWaiting = async (address: Address): Promise<void> => {
    isWaiting = true;
    const real = { ...endpoint, address };
    const everywhere = listensOnAllInterfaces(real) ? ", on all interfaces: other machines can reach it" : "";
    await partner.tell(`Waiting at ${formatEndpoint(real)}${everywhere}.`);
    await partner.tell(`The other one types:  socketserver ${chatRoomServer.name} --connect ${reachable(address)}`);
  };
  try {
    return await hostChat(endpoint.address, partner, { signal, onWaiting, family: endpoint.addressFamily });
  } catch (error) {
    throw isWaiting ? error : explainOpening(error, endpoint);
  }
}

/** In a room there are no turns: what is typed goes there, and what is said comes. */
async function chatInRoom(connection: Socket, firstLine: string, signal: AbortSignal): Promise<void> {
  const output = new ReplyOutput();
  await output.write(Buffer.from(`${firstLine}\n`));
  try {
    await converse(connection, addAbortSignal(signal, process.stdin), (reply) => output.write(reply));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What the system calls the user; it need not call them anything. */
function accountName(): string {
  try {
    return parseChatName(userInfo().username);
  } catch {
    return "somebody";
  }
}

const HELP = `
For example, in one terminal:
  socketserver chat --name Ana
In another one:
  socketserver chat --name Ben --connect 127.0.0.1:9999
Ben has connected, so Ben begins; then you take turns. Both see
  Ben: hello
  Ana: good morning
An empty line passes your turn. /quit or Ctrl-D at your turn leaves, Ctrl-C
always; the other one is told. Lines that begin with * are about the chat.

Pipes work: each line of stdin waits for its turn, and stdout gets all that is
said. The exit code is 0 when one of you has left, and 1 when there was no
connection, or it broke. nc can be either side: its first line is the name.

A room, for any number of people:
  socketserver chat --room
They come with socketserver chat --connect, with telnet or nc, and type /help.
In a room of --model plain there is one person at a time. There is no
--model forking: a room and its people are in one process; one for several
processes or machines is yet to come.
`;
