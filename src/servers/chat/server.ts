/**
 * The chat server: a room for many people. (The chat of two is in `two-person-chat.ts`.)
 *
 * @module
 */

import { ClosedResourceError, ConnectionError, LimitOverrunError } from "../../core/errors.js";
import { nextTurn } from "../../core/turn.js";
import { MultiplexingTCPServer } from "../../mixins/classes.js";
import type { AnyArguments, ServerClass } from "../../mixins/multiplexing.js";
import { answerAndEnd } from "../answer-and-end.js";
import type { BundledServer } from "../description.js";
import { TelnetRequestHandler } from "../telnet/handler.js";
import { ChatRoom, TOO_SLOW } from "./room.js";

/** What {@link ChatMixIn} adds to a server, for its handlers: the room's methods. Those in threads wait for the answers. */
export interface ChatServing {
  /** See {@link ChatRoom.arrive}. */
  enterRoom(): number | Promise<number>;
  /** See {@link ChatRoom.speak}. Awaited, it gives the others the time to hear it: who says much at once drops nobody. */
  speakInRoom(member: number, line: string): Promise<void>;
  /** See {@link ChatRoom.hear}. */
  hearInRoom(member: number): Promise<readonly string[] | null>;
  /** See {@link ChatRoom.leave}. */
  leaveRoom(member: number, why?: string): readonly string[] | Promise<readonly string[]>;
}

/**
 * Gives a server a chat room. When it closes, everybody is told.
 *
 * @example
 * ```ts
 * class ThreadingChatServer extends ChatMixIn(ThreadingTCPServer) {}
 * ```
 */
export function ChatMixIn<Base extends ServerClass>(
  Server: Base,
): Base & (abstract new (...args: AnyArguments) => ChatServing & { readonly room: ChatRoom }) {
  abstract class ChatServer extends Server implements ChatServing {
    readonly room: ChatRoom = new ChatRoom();

    enterRoom(): number {
      return this.room.arrive();
    }
    async speakInRoom(member: number, line: string): Promise<void> {
      this.room.speak(member, line);
      await nextTurn();
    }
    hearInRoom(member: number): Promise<readonly string[] | null> {
      return this.room.hear(member);
    }
    leaveRoom(member: number, why?: string): readonly string[] {
      return this.room.leave(member, why);
    }

    override async serverClose(): Promise<void> {
      this.room.close();
      await super.serverClose();
    }
  }
  return ChatServer;
}

/**
 * A chat room over TCP; its handlers are {@link ChatStreamHandler}s. A subclass may override its room.
 *
 * @example
 * ```ts
 * class MyChatServer extends ChatServer {
 *   override readonly room = new MyRoom({ maxNicknameLength: 10 });
 * }
 * await using server = new MyChatServer(["127.0.0.1", 9999], ChatStreamHandler);
 * ```
 */
export class ChatServer extends ChatMixIn(MultiplexingTCPServer) {}

/** Passes on what its client says to the room, and what the room says to its client, at the same time. */
export class ChatStreamHandler extends TelnetRequestHandler<ChatServing> {
  static override readonly module = import.meta.url;
  /** Bytes of a line, far beyond what the room lets be said. A longer one ends the connection. */
  override maxLineLength = 8192;
  /** Seconds in which a client has to take what it is told, before it is given up. */
  sendTimeout = 10;
  /** What the others are told when the client was given up. */
  #why: string | undefined;

  override async handle(): Promise<void> {
    const member = await this.server.enterRoom();
    const listening = this.#listen(member);
    let lastWord: string | undefined;
    let unheard: readonly string[] = [];
    try {
      lastWord = await Promise.race([listening, this.#speak(member)]);
    } finally {
      unheard = await this.server.leaveRoom(member, this.#why);
    }
    await listening;
    if ((await this.#tell(unheard)) && lastWord !== undefined) await answerAndEnd(this.request, lastWord);
  }

  /** Until the client ends its sending, or is gone. @returns what it is still to be told, if anything */
  async #speak(member: number): Promise<string | undefined> {
    try {
      for await (const line of this.rfile) await this.server.speakInRoom(member, line.toString());
    } catch (error) {
      if (error instanceof LimitOverrunError) return "* That line is too long. Goodbye.\n";
      if (!isGone(error)) throw error;
    }
    return undefined;
  }

  /** Until there is nothing more to hear, or the client does not take it. */
  async #listen(member: number): Promise<undefined> {
    for (;;) {
      const lines = await this.server.hearInRoom(member);
      if (lines === null || !(await this.#tell(lines))) return undefined;
    }
  }

  /** @returns whether the client takes it */
  async #tell(lines: readonly string[]): Promise<boolean> {
    const abortTimer = setTimeout(() => {
      this.#why = TOO_SLOW;
      this.request.abort();
    }, this.sendTimeout * 1000);
    try {
      await this.wfile.write(lines.map((line) => `${line}\n`).join(""));
      await this.wfile.flush();
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    } finally {
      clearTimeout(abortTimer);
    }
  }
}

/** Whether the client has broken the connection off, or was given up. */
function isGone(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof ClosedResourceError;
}

/** `socketserver chat --room` */
export const chatRoomServer: BundledServer = {
  name: "chat",
  summary: "lets people chat: two by turns, or many in a room",
  streamHandler: ChatStreamHandler,
  extend: ChatMixIn,
  models: ["plain", "multiplexing", "threading"],
  unsupportedModelsReason:
    "A room and its people are in one process: one for several processes or machines is yet to come.",
  example: {
    send: "Ana",
    receive: "* Welcome to the chat. Which nickname would you like?",
    command: (address) => `socketserver chat --connect ${address}`,
  },
};
