/**
 * {@link ChatRoom}: who is in a room, what they say, and what each of them has still to hear.
 *
 * @module
 */

import { checkBound } from "../../core/checks.js";
import { alike, type ChatMember, RoomMember } from "./member.js";

export type { ChatMember } from "./member.js";

/** How a {@link ChatRoom} is made. */
export interface ChatRoomOptions {
  /** The most characters of a nickname; 20. */
  readonly maxNicknameLength?: number;
  /** The most characters of what is said at once; 1000. */
  readonly maxTextLength?: number;
  /** How many lines may wait for somebody who does not take them; who has more is dropped. 256. */
  readonly maxWaiting?: number;
}

/** A word that begins with a slash. */
export interface ChatCommand {
  /** For `/help`: `/nick NAME changes your nickname`. */
  readonly help: string;
  run(member: ChatMember, argument: string): void;
}

/** What is told of somebody who is dropped, after the nickname. */
export const TOO_SLOW = "was too slow and has been dropped";

const MAX_NAMES_SHOWN = 50;
const defaults = { maxNicknameLength: 20, maxTextLength: 1000, maxWaiting: 256 };

/** Letters of any script, digits, and what names have within. Nothing that could be taken for a notice or a command. */
const NICKNAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*$/u;

/**
 * A room in which many people chat by lines of text. It knows nothing of connections: who serves one calls {@link arrive},
 * passes on what comes by {@link speak}, and what {@link hear} brings, and in the end calls {@link leave}.
 *
 * Everybody has a nickname: the first line that they say. What somebody says is told to all others, with the nickname before
 * it; lines that begin with a star are the room's own. Nobody is waited for: what somebody does not take waits, and who has more
 * waiting than `maxWaiting` lines is dropped, and the others are told.
 *
 * Control characters of what is said are replaced: nobody steers somebody else's terminal.
 *
 * May be subclassed: {@link commands} takes more of them, and {@link welcome}, {@link refuseNickname} and {@link say} may be
 * overridden.
 *
 * @example
 * ```ts
 * class ShoutingRoom extends ChatRoom {
 *   override say(member: ChatMember, text: string): void {
 *     super.say(member, text.toUpperCase());
 *   }
 * }
 * ```
 */
export class ChatRoom {
  /** The most characters of a nickname. */
  readonly maxNicknameLength: number;
  /** The most characters of what is said at once. */
  readonly maxTextLength: number;
  /** How many lines may wait for somebody. */
  readonly maxWaiting: number;
  /** What can be done, by the words that follow the slash. */
  readonly commands = new Map<string, ChatCommand>([
    ["help", { help: "/help tells what you can do", run: (member) => this.#help(member) }],
    ["who", { help: "/who tells who is here", run: (member) => member.tell(`* Here: ${inWords(this.nicknames)}.`) }],
    [
      "nick",
      { help: "/nick NAME changes your nickname", run: (member, name) => this.#rename(member as RoomMember, name) },
    ],
    ["quit", { help: "/quit leaves", run: (member) => this.#quit(member as RoomMember) }],
  ]);
  readonly #members = new Map<number, RoomMember>();
  #lastId = 0;
  #isClosed = false;
  /** Who is being dropped: telling the others of it may show that one of them is to be, too. */
  readonly #tooSlow: RoomMember[] = [];

  /** @throws RangeError for an option that is not a whole number from 1. */
  constructor(options: ChatRoomOptions = {}) {
    const { maxNicknameLength, maxTextLength, maxWaiting } = { ...defaults, ...options };
    this.maxNicknameLength = checkBound("maxNicknameLength", maxNicknameLength);
    this.maxTextLength = checkBound("maxTextLength", maxTextLength);
    this.maxWaiting = checkBound("maxWaiting", maxWaiting);
  }

  /** The nicknames of those who are in the room, in the order of their coming. */
  get nicknames(): string[] {
    return this.#inside().map(({ nickname }) => nickname as string);
  }

  // ── for those who serve connections ───────────────────────────────────────────────────────────────────────────────

  /** Somebody comes to the door, and is asked for a nickname. @returns a number to call the other methods with */
  arrive(): number {
    this.#lastId += 1;
    const member = new RoomMember(this.#lastId, this.maxWaiting, (slow) => this.#drop(slow));
    this.#members.set(member.id, member);
    member.tell("* Welcome to the chat. Which nickname would you like?");
    if (this.#isClosed) this.#sendOff(member);
    return member.id;
  }

  /** Somebody says a line, with its end or without: a nickname, a command, or something to all. */
  speak(id: number, line: string): void {
    const member = this.#members.get(id);
    if (member === undefined || member.isOut) return;
    const text = clean(line);
    if (text.length > this.maxTextLength)
      member.tell(`* That is too long: say at most ${this.maxTextLength} characters.`);
    else if (member.nickname === null) this.#enter(member, text);
    else if (text.startsWith("/")) this.#command(member, text);
    else if (text !== "") this.say(member, text);
  }

  /**
   * Waits for what somebody is to hear.
   *
   * @returns lines without their ends; `null` when there is nothing more to come: they have said `/quit`, were dropped, or the
   *   room has closed. Then {@link leave} is to be called.
   * @throws BusyResourceError when it is waited for already.
   */
  hear(id: number): Promise<readonly string[] | null> {
    return this.#members.get(id)?.hear() ?? Promise.resolve(null);
  }

  /**
   * Somebody goes, or has gone. The others are told. More than once is no harm.
   *
   * @param why for those who do not go by themselves: "was too slow and has been dropped".
   * @returns what they have not heard yet.
   */
  leave(id: number, why = "has left"): readonly string[] {
    const member = this.#members.get(id);
    if (member === undefined) return [];
    this.#members.delete(id);
    this.#depart(member, why);
    return member.takeAll();
  }

  /** Sends everybody off, now and later. */
  close(): void {
    this.#isClosed = true;
    for (const member of this.#members.values()) this.#sendOff(member);
  }

  // ── what may be overridden ────────────────────────────────────────────────────────────────────────────────────────

  /** What somebody is told who comes in. May be overridden. */
  welcome(member: ChatMember): string {
    const others = this.nicknames.filter((nickname) => nickname !== member.nickname);
    const company = others.length === 0 ? "Nobody else is here" : `Here already: ${inWords(others)}`;
    return `* Hello, ${member.nickname}. ${company}. /help tells what you can do.`;
  }

  /** Why somebody cannot have a nickname, as a sentence; `null` when they can. May be overridden. */
  refuseNickname(nickname: string, member: ChatMember): string | null {
    if (nickname.length > this.maxNicknameLength) return `A nickname has at most ${this.maxNicknameLength} characters.`;
    if (!NICKNAME.test(nickname)) return "A nickname is a word of letters and digits; _ . and - may be in it, too.";
    const wanted = alike(nickname);
    const isTaken = this.#inside().some((other) => other !== member && other.alike === wanted);
    return isTaken ? `${nickname} is here already.` : null;
  }

  /** Somebody says something to all. May be overridden. */
  say(member: ChatMember, text: string): void {
    this.sendToOthers(member, `${member.nickname}: ${text}`);
  }

  /** Tells a line to all who are in the room, but for one. */
  sendToOthers(member: ChatMember, line: string): void {
    for (const other of this.#inside()) if (other !== member) other.tell(line);
  }

  // ── within ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #inside(): RoomMember[] {
    return [...this.#members.values()].filter(({ nickname }) => nickname !== null);
  }

  #enter(member: RoomMember, nickname: string): void {
    const isLeaving = nickname === "/quit";
    const refusal = isLeaving ? null : this.refuseNickname(nickname, member);
    if (isLeaving) this.#quit(member);
    else if (refusal !== null) member.tell(`* ${refusal} Which nickname would you like?`);
    else {
      member.nickname = nickname;
      member.tell(this.welcome(member));
      this.sendToOthers(member, `* ${nickname} has joined.`);
    }
  }

  #command(member: RoomMember, text: string): void {
    const [, name = "", argument = ""] = /^\/(\S*)\s*(.*)$/u.exec(text) ?? [];
    const command = this.commands.get(name.toLowerCase());
    if (command === undefined) member.tell(`* There is no /${name}. /help tells what there is.`);
    else command.run(member, argument);
  }

  #help(member: ChatMember): void {
    for (const { help } of this.commands.values()) member.tell(`* ${help}`);
    member.tell("* Anything else is said to all.");
  }

  #rename(member: RoomMember, nickname: string): void {
    const before = member.nickname;
    const refusal = this.refuseNickname(nickname, member);
    if (refusal !== null) member.tell(`* ${refusal}`);
    else {
      member.nickname = nickname;
      member.tell(`* You are now ${nickname}.`);
      this.sendToOthers(member, `* ${before} is now ${nickname}.`);
    }
  }

  #quit(member: RoomMember): void {
    member.tell("* Goodbye.");
    this.#depart(member, "has left");
  }

  /** Takes somebody out of the room. What they still have to hear, they can. */
  #depart(member: RoomMember, why: string, lastLine?: string): void {
    const { nickname } = member;
    member.nickname = null;
    if (!member.isOut) member.end(lastLine);
    if (nickname !== null) this.sendToOthers(member, `* ${nickname} ${why}.`);
  }

  #drop(member: RoomMember): void {
    this.#tooSlow.push(member);
    if (this.#tooSlow.length > 1) return;
    for (let slow = this.#tooSlow[0]; slow !== undefined; slow = this.#tooSlow[0]) {
      // What waits is given up: nothing is kept for somebody who does not take it.
      this.#depart(slow, TOO_SLOW, "* You did not take what was said in time, and have been dropped.");
      this.#tooSlow.shift();
    }
  }

  #sendOff(member: RoomMember): void {
    member.tell("* The chat closes. Goodbye.");
    member.nickname = null;
    if (!member.isOut) member.end();
  }
}

/** The names, but no more than a few lines of them. */
function inWords(nicknames: readonly string[]): string {
  const shown = nicknames.slice(0, MAX_NAMES_SHOWN).join(", ");
  return nicknames.length > MAX_NAMES_SHOWN ? `${shown} and ${nicknames.length - MAX_NAMES_SHOWN} more` : shown;
}

/** Without its end and blanks around it, and with nothing that steers a terminal. */
function clean(line: string): string {
  return line.trim().replace(/(?!\t)[\p{Cc}\u2028\u2029]/gu, "\ufffd");
}
