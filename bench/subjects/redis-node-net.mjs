// A Redis subset on raw node:net, as one writes it by hand: the commands of examples/36-redis.ts, with a parser of the chunks
// as they arrive. All answers to a chunk leave in one write. Prints {"port":N} when it listens.
import { createServer } from "node:net";
import { tell } from "./control.mjs";

const MAX_WORDS = 1024;
const MAX_WORD_BYTES = 2 ** 20;
const MAX_LINE_BYTES = 65_536;

const LF = 0x0a;
const CR = 0x0d;
const ZERO = 0x30;
const DOLLAR = 0x24;
const STAR = 0x2a;
/** Of a string: each byte is one character, so that any bytes come back as they were. */
const BYTES = "latin1";

const store = new Map();

class ProtocolError extends Error {}

const bulk = (text) => (text === undefined ? "$-1\r\n" : `$${text.length}\r\n${text}\r\n`);
const integer = (value) => `:${value}\r\n`;

function increment(key) {
  const text = store.get(key) ?? "0";
  const value = Number(text) + 1;
  if (!/^(0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) {
    return "-ERR value is not an integer or out of range\r\n";
  }
  store.set(key, String(value));
  return integer(value);
}

/** Every command: the fewest and the most words after its name, and its answer. */
const COMMANDS = {
  PING: [0, 1, ([text]) => (text === undefined ? "+PONG\r\n" : bulk(text))],
  ECHO: [1, 1, ([text]) => bulk(text)],
  SET: [
    2,
    2,
    ([key, value]) => {
      store.set(key, value);
      return "+OK\r\n";
    },
  ],
  GET: [1, 1, ([key]) => bulk(store.get(key))],
  DEL: [1, MAX_WORDS, (keys) => integer(keys.filter((key) => store.delete(key)).length)],
  INCR: [1, 1, ([key]) => increment(key)],
  COMMAND: [0, MAX_WORDS, () => "*0\r\n"],
  CONFIG: [2, 2, ([, name]) => `*2\r\n${bulk(name)}${bulk("")}`],
  QUIT: [0, 0, () => "+OK\r\n"],
};
Object.setPrototypeOf(COMMANDS, null);

function answer([name, ...words]) {
  const command = COMMANDS[name] ?? COMMANDS[name.toUpperCase()];
  if (command === undefined) return `-ERR unknown command '${name.replace(/[\r\n]/g, " ")}'\r\n`;
  const [fewest, most, run] = command;
  if (words.length < fewest || words.length > most) {
    return `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`;
  }
  return run(words);
}

/** One client: what it has sent and is not a whole command yet. */
class Client {
  #bytes = Buffer.alloc(0);
  #at = 0;
  /** Bytes that the command that has begun needs at least. */
  #needed = 0;

  /** Takes a chunk. @returns the answers, and whether the connection is to end */
  take(chunk) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#at = 0;
    let answers = "";
    let ends = false;
    if (this.#bytes.length < this.#needed) return { answers, ends };
    try {
      for (let start = 0; !ends && start < this.#bytes.length; start = this.#at) {
        const words = this.#nextCommand();
        if (words === null) {
          this.#at = start;
          break;
        }
        if (words.length === 0) continue;
        answers += answer(words);
        ends = words[0].toUpperCase() === "QUIT";
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      answers += `-ERR Protocol error: ${error.message}\r\n`;
      ends = true;
    }
    this.#needed = Math.max(this.#needed - this.#at, 0);
    this.#bytes = this.#bytes.subarray(this.#at);
    return { answers, ends };
  }

  /** The next command; `null` when its end has not arrived. */
  #nextCommand() {
    this.#needed = 0;
    const end = this.#endOfLine();
    if (end < 0) return null;
    if (this.#bytes[this.#at] !== STAR) return this.#inlineCommand(end);
    const count = this.#number(end);
    if (!(count <= MAX_WORDS)) throw new ProtocolError("invalid multibulk length");
    const words = [];
    for (this.#at = end + 1; words.length < count; ) {
      const word = this.#nextWord();
      if (word === null) return null;
      words.push(word);
    }
    return words;
  }

  #inlineCommand(end) {
    const words = this.#bytes.latin1Slice(this.#at, end).trim().split(/\s+/);
    this.#at = end + 1;
    return words[0] === "" ? [] : words;
  }

  #nextWord() {
    const end = this.#endOfLine();
    if (end < 0) return null;
    if (this.#bytes[this.#at] !== DOLLAR) throw new ProtocolError("expected '$'");
    const length = this.#number(end);
    if (!(length <= MAX_WORD_BYTES)) throw new ProtocolError("invalid bulk length");
    const start = end + 1;
    this.#at = start + length + 2;
    if (this.#at > this.#bytes.length) {
      this.#needed = this.#at;
      return null;
    }
    if (this.#bytes[this.#at - 2] !== CR || this.#bytes[this.#at - 1] !== LF) {
      throw new ProtocolError("expected CRLF after a bulk string");
    }
    return this.#bytes.latin1Slice(start, start + length);
  }

  /** Where the line ends that begins here; -1 when it does not end yet. */
  #endOfLine() {
    const end = this.#bytes.indexOf(LF, this.#at);
    if ((end < 0 ? this.#bytes.length : end) - this.#at > MAX_LINE_BYTES) throw new ProtocolError("too big request");
    return end;
  }

  /** The number between the first byte of this line and its CRLF; NaN for anything else. */
  #number(end) {
    const last = end - 1;
    if (this.#bytes[last] !== CR || last === this.#at + 1 || last - this.#at > 10) return Number.NaN;
    let value = 0;
    for (let index = this.#at + 1; index < last; index += 1) {
      const digit = this.#bytes[index] - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = 10 * value + digit;
    }
    return value;
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const client = new Client();
  socket.on("data", (chunk) => {
    const { answers, ends } = client.take(chunk);
    const goesOn = answers === "" || socket.write(answers, BYTES);
    if (ends) {
      socket.removeAllListeners("data");
      socket.resume();
      socket.end();
    } else if (!goesOn) {
      // A client that does not read its answers is not read from either.
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
