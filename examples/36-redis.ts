// 36  A protocol that others have defined: a server of a subset of Redis, which its own clients talk to.
//
// A command is an array of strings, each with its length before it (RESP, the protocol of Redis): "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".
// Or it is a line of words, as one types it into `nc` or telnet: "GET k\r\n". The commands here are PING, ECHO, SET, GET, DEL,
// INCR and QUIT, and what redis-cli and redis-benchmark ask before they begin.
//
// Run it:     npx tsx examples/36-redis.ts
//             and in another terminal: `redis-cli`, `redis-benchmark -t set,get -P 16`, or `nc -C 127.0.0.1 6379`
//             npx tsx examples/36-redis.ts 0.0.0.0 6379   (for clients on other machines)
// It prints:
//
//     Listening at 127.0.0.1:6379

import {
  formatAddress,
  IncompleteReadError,
  LimitOverrunError,
  MultiplexingTCPServer,
  StreamRequestHandler,
} from "ts-socketserver";

const [host = "127.0.0.1", port = "6379"] = process.argv.slice(2);

// What a client sends is never trusted: without limits, one client could fill the memory.
const MAX_WORDS = 1024;
const MAX_WORD_BYTES = 1_048_576;
/** Bytes of answers that are collected before they are written. */
const MOST_UNWRITTEN = 1024;

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const DOLLAR = 0x24;
const STAR = 0x2a;

// Keys and values are bytes, not text. As a "latin1" string each byte is one character, so that they come back as they were.
const BYTES = "latin1";

// ── The commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

type Store = Map<string, string>;

interface Command {
  /** The fewest and the most words after the name. */
  readonly words: readonly [fewest: number, most: number];
  answer(words: readonly string[], store: Store): string;
}

const OK = "+OK\r\n";

/** A string with its length before it; `undefined` stands for none. */
function bulk(text: string | undefined): string {
  return text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`;
}

function integer(value: number): string {
  return `:${value}\r\n`;
}

function increment(key: string, store: Store): string {
  const text = store.get(key) ?? "0";
  const value = Number(text) + 1;
  if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) {
    return "-ERR value is not an integer or out of range\r\n";
  }
  store.set(key, String(value));
  return integer(value);
}

const COMMANDS = new Map<string, Command>([
  ["PING", { words: [0, 1], answer: ([text]) => (text === undefined ? "+PONG\r\n" : bulk(text)) }],
  ["ECHO", { words: [1, 1], answer: ([text]) => bulk(text) }],
  [
    "SET",
    {
      words: [2, 2],
      answer: ([key = "", value = ""], store) => {
        store.set(key, value);
        return OK;
      },
    },
  ],
  ["GET", { words: [1, 1], answer: ([key = ""], store) => bulk(store.get(key)) }],
  ["DEL", { words: [1, MAX_WORDS], answer: (keys, store) => integer(keys.filter((key) => store.delete(key)).length) }],
  ["INCR", { words: [1, 1], answer: ([key = ""], store) => increment(key, store) }],
  ["COMMAND", { words: [0, MAX_WORDS], answer: () => "*0\r\n" }], // asked by redis-cli
  ["CONFIG", { words: [2, 2], answer: ([, name = ""]) => `*2\r\n${bulk(name)}${bulk("")}` }], // asked by redis-benchmark
  ["QUIT", { words: [0, 0], answer: () => OK }],
]);

/** The answer to a command. */
function answerTo([name = "", ...words]: readonly string[], store: Store): string {
  const command = COMMANDS.get(name) ?? COMMANDS.get(name.toUpperCase());
  if (command === undefined) return `-ERR unknown command '${name.replace(/[\r\n]/g, " ")}'\r\n`;
  const [fewest, most] = command.words;
  if (words.length < fewest || words.length > most) {
    return `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`;
  }
  return command.answer(words, store);
}

// ── The protocol ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a client may not send. After it nothing can be understood, so the connection ends. */
class ProtocolError extends Error {}

/** The number in a line such as "*3\r\n" or "$10\r\n"; at most `most`. */
function numberIn(line: Buffer, most: number, what: string): number {
  const end = line.length - 2;
  let value = 0;
  for (let index = 1; index < end; index += 1) {
    const digit = (line[index] ?? 0) - ZERO;
    value = digit >= 0 && digit <= 9 ? 10 * value + digit : Number.NaN;
  }
  if (end < 2 || line[end] !== CR || !(value <= most)) throw new ProtocolError(`invalid ${what} length`);
  return value;
}

/** The words of a line that was typed. */
function wordsOf(line: Buffer): string[] {
  const text = line.toString(BYTES).trim();
  return text === "" ? [] : text.split(/\s+/);
}

/** The string in a word with its CRLF. */
function textOf(word: Buffer): string {
  const end = word.length - 2;
  if (word[end] !== CR || word[end + 1] !== LF) throw new ProtocolError("expected CRLF after a bulk string");
  return word.toString(BYTES, 0, end);
}

class RedisHandler extends StreamRequestHandler<RedisServer> {
  /** The answers that were not written yet. */
  #answers = "";

  override async handle(): Promise<void> {
    try {
      await this.#answerCommands();
    } catch (error) {
      if (error instanceof IncompleteReadError) return; // the client has ended in the middle of a command
      if (error instanceof LimitOverrunError) this.#refuse("too big inline request");
      else if (error instanceof ProtocolError) this.#refuse(error.message);
      else throw error;
    }
    await this.#writeAnswers();
  }

  // Clients send many commands at once, and a promise for each part of them would cost more than the command. So what has
  // arrived is taken at once, by takeLine() and take(), and only what has not is waited for.
  async #answerCommands(): Promise<void> {
    const { rfile } = this;
    const { store } = this.server;
    for (;;) {
      const line = rfile.takeLine() ?? (await this.#waitForLine());
      if (line.length === 0) return; // the client has ended
      const words = line[0] === STAR ? [] : wordsOf(line);
      for (let missing = line[0] === STAR ? numberIn(line, MAX_WORDS, "multibulk") : 0; missing > 0; missing -= 1) {
        const head = rfile.takeLine() ?? (await this.#waitForHead());
        if (head[0] !== DOLLAR) throw new ProtocolError("expected '$'");
        const size = numberIn(head, MAX_WORD_BYTES, "bulk") + 2;
        words.push(textOf(rfile.take(size) ?? (await this.#waitForBytes(size))));
      }
      if (words.length === 0) continue; // an empty line is no command
      this.#answers += answerTo(words, store);
      if (words[0]?.toUpperCase() === "QUIT") return;
      // Only what awaits gives way to other clients, so this one may not go on for ever.
      if (this.#answers.length >= MOST_UNWRITTEN) await this.#writeAnswers();
    }
  }

  async #waitForLine(): Promise<Buffer> {
    await this.#writeAnswers();
    return await this.rfile.readline();
  }

  async #waitForHead(): Promise<Buffer> {
    await this.#writeAnswers();
    return await this.rfile.readuntil("\n"); // unlike readline(), it fails when the client ends here
  }

  async #waitForBytes(size: number): Promise<Buffer> {
    await this.#writeAnswers();
    return await this.rfile.readexactly(size);
  }

  async #writeAnswers(): Promise<void> {
    const answers = this.#answers;
    this.#answers = "";
    if (answers !== "") await this.wfile.write(Buffer.from(answers, BYTES));
  }

  #refuse(reason: string): void {
    this.#answers += `-ERR Protocol error: ${reason}\r\n`;
  }
}

class RedisServer extends MultiplexingTCPServer {
  /** What all clients share. */
  readonly store: Store = new Map();

  constructor(address: [host: string, port: number]) {
    super(address, RedisHandler);
  }
}

// ── All together ─────────────────────────────────────────────────────────────────────────────────────────────────────

await using server = new RedisServer([host, Number(port)]);
await server.open();
console.log(`Listening at ${formatAddress(server.serverAddress)}`);
await server.serveForever(); // until Ctrl-C
