/**
 * {@link TerminalPartner}: the person at this end of a chat of two, at a terminal or behind pipes.
 *
 * @module
 */

import { linesOf } from "../clients/lines-of.js";
import { nextTurn } from "../core/turn.js";
import type { ChatPartner } from "../servers/chat/two-person.js";
import { visible } from "./text.js";

const QUIT = "/quit";
/** One in which the terminal is polled, and one more for good measure. */
const TURNS_TO_READ = 2;

/**
 * Takes what is said from stdin, line by line, and writes all that is said to stdout: `Ana: hello`. Lines that begin with a star
 * are about the chat.
 *
 * A line is only sent when it is its turn. On a terminal it is asked for then, with the name, and what is typed behind that needs
 * no writing once more; what was typed before the turn does.
 */
export class TerminalPartner implements ChatPartner {
  readonly name: string;
  readonly #isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  #lines: AsyncGenerator<Buffer, void> | null = null;
  /** The next line: asked for before its turn, so that it is known whether it was there before. */
  #nextLine: Promise<IteratorResult<Buffer, void>> | null = null;
  #hasNextLine = false;
  /** The cursor stands behind the name, or what was written after it. */
  #isAsking = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Writes a line about the chat. */
  async tell(text: string): Promise<void> {
    // Whoever was asked is not any more.
    const start = this.#isAsking ? "\n" : "";
    this.#isAsking = false;
    await write(`${start}* ${text}\n`);
  }

  /** The terminal has written `^C` into the line. */
  interrupted(): void {
    this.#isAsking = this.#isTerminal;
  }

  async met(other: string): Promise<void> {
    this.#lines = linesOf(process.stdin);
    this.#readAhead(this.#lines);
    await this.tell(`You talk with ${shown(other)}, by turns. An empty line passes, ${QUIT} leaves.`);
  }

  async next(): Promise<string | null> {
    const { lines, nextLine } = this.#started();
    // What was typed already is read in the next turns of the event loop.
    for (let turn = 0; this.#isTerminal && turn < TURNS_TO_READ; turn += 1) await nextTurn();
    const asks = this.#isTerminal && !this.#hasNextLine;
    if (asks) await write(`${shown(this.name)}: `);
    this.#isAsking = asks;
    const { value, done } = await nextLine;
    if (done) return null;
    this.#readAhead(lines);
    const text = value.toString();
    if (text.trim() !== QUIT) return text;
    this.#isAsking = false;
    return null;
  }

  async said(name: string, text: string): Promise<void> {
    const isOnScreen = this.#isAsking;
    this.#isAsking = false;
    if (!isOnScreen) await write(`${shown(name)}: ${shown(text)}\n`);
  }

  #readAhead(lines: AsyncGenerator<Buffer, void>): void {
    this.#hasNextLine = false;
    this.#nextLine = lines.next();
    this.#nextLine.then(
      () => {
        this.#hasNextLine = true;
      },
      () => undefined, // Told to who asks for it.
    );
  }

  #started() {
    if (this.#lines === null || this.#nextLine === null) throw new Error("met() comes first");
    return { lines: this.#lines, nextLine: this.#nextLine };
  }
}

/** On a terminal, nobody steers it from elsewhere. Pipes and files get what came. */
function shown(text: string): string {
  return process.stdout.isTTY ? visible(text) : text;
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
