/**
 * {@link TelnetFilter}: takes telnet's commands out of the bytes that a telnet client sends, and refuses its options.
 *
 * A telnet client sends what is typed, and in between commands that begin with the byte 255 (RFC 854). Whoever treats them as
 * text answers a client's Ctrl-C with rubbish, and one that wants to negotiate never hears that it may not.
 *
 * @module
 */

/** Interpret as command: what every command begins with. As text, the byte 255 is sent twice. */
const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
/** Subnegotiation: parameters follow, up to `IAC SE`. */
const SB = 250;
/** "Are you there?": whoever asks wants to see something. */
const AYT = 246;
const SE = 240;

const NUL = 0;
const LF = 10;
const CR = 13;

/** What is sent to whoever asks whether anybody is there. */
const HERE: readonly number[] = [...Buffer.from("\r\n[Yes]\r\n")];

/** What the next byte is: text, a command's code, the number of an option, or (a code among) parameters. */
type State = "text" | "command" | "option" | "parameters" | "command in parameters";

/** What some of the bytes came to. */
export interface FilteredTelnet {
  /** The text, without commands. */
  readonly text: Buffer;
  /** What to send back: refusals of options, answers to "are you there?". */
  readonly replies: Buffer;
}

/**
 * Reads a telnet stream piece by piece, wherever it is cut.
 *
 * - Commands are taken out; `IAC IAC` becomes the byte 255 that it stands for.
 * - Every option is refused (`DO` is answered with `WONT`, `WILL` with `DONT`). What is left is the terminal that every
 *   telnet client can be: it echoes by itself and sends whole lines.
 * - `CR NUL`, which is Enter in some clients, becomes `CR LF`: a server has to treat them alike (RFC 1123, 3.3.1).
 *
 * Nothing is kept but where it stands, however long a command is.
 *
 * @example
 * ```ts
 * const { text, replies } = new TelnetFilter().push(Buffer.of(255, 253, 1, 104, 105)); // IAC DO ECHO "hi"
 * text; // "hi"
 * replies; // IAC WONT ECHO
 * ```
 */
export class TelnetFilter {
  #state: State = "text";
  /** Which of `WILL`, `WONT`, `DO`, `DONT` the option belongs to. */
  #verb = 0;
  #afterReturn = false;

  /** Takes the next bytes of the stream. They stay the caller's. */
  push(chunk: Uint8Array): FilteredTelnet {
    const text = Buffer.allocUnsafe(chunk.length);
    let length = 0;
    const replies: number[] = [];
    for (const byte of chunk) {
      const letter = this.#state === "text" ? this.#takeText(byte) : this.#takeCommand(byte, replies);
      if (letter === null) continue;
      text[length] = letter;
      length += 1;
    }
    return { text: text.subarray(0, length), replies: Buffer.from(replies) };
  }

  /** @returns the byte as it is to be read; `null` where a command begins. */
  #takeText(byte: number): number | null {
    if (byte === IAC) {
      this.#state = "command";
      return null;
    }
    return this.#asText(byte);
  }

  #asText(byte: number): number {
    const isEnter = this.#afterReturn && byte === NUL;
    this.#afterReturn = byte === CR;
    return isEnter ? LF : byte;
  }

  /** @returns the byte that the command stands for, which only `IAC IAC` does. */
  #takeCommand(byte: number, replies: number[]): number | null {
    switch (this.#state) {
      case "command":
        return this.#begin(byte, replies);
      case "option":
        this.#state = "text";
        if (this.#verb === DO) replies.push(IAC, WONT, byte);
        if (this.#verb === WILL) replies.push(IAC, DONT, byte);
        return null;
      case "parameters":
        if (byte === IAC) this.#state = "command in parameters";
        return null;
      default:
        this.#state = byte === SE ? "text" : "parameters";
        return null;
    }
  }

  #begin(code: number, replies: number[]): number | null {
    this.#state = "text";
    if (code === IAC) return this.#asText(code);
    if (code === AYT) replies.push(...HERE);
    else if (code === SB) this.#state = "parameters";
    else if (code >= WILL) {
      this.#state = "option";
      this.#verb = code;
    }
    return null;
  }
}

/** Writes bytes as text of a telnet stream: 255 is doubled. @returns the same bytes where there is none */
export function escapeTelnet(text: Uint8Array): Uint8Array {
  if (!text.includes(IAC)) return text;
  return Buffer.from([...text].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte])));
}
