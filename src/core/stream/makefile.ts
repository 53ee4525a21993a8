/**
 * `makefile()`: a connection as a file, in Python's modes.
 *
 * @module
 */

import { defaults } from "../defaults.js";
import type { ByteSink, ByteSource } from "./byte-stream.js";
import { StreamReader, type StreamReaderOptions } from "./reader.js";
import { TextReader, type TextStreamOptions, TextWriter } from "./text.js";
import { StreamWriter } from "./writer.js";

/** What {@link makefile} may be told. */
export interface MakefileOptions extends TextStreamOptions {
  /**
   * How many bytes are received at a time, and collected before they are sent. -1, the default: 65,536 and
   * 8,192. 0, with `"b"` only: nothing is read ahead, and every write is sent at once.
   */
  readonly buffering?: number | undefined;
  /** The longest line, with its end, in bytes (of text: in characters). 65,536 by default. */
  readonly maxLineLength?: number | undefined;
  /** The most bytes (of text: characters) that a read to the end returns. 67,108,864 (64 MiB) by default. */
  readonly maxReadSize?: number | undefined;
}

/** Which mode makes what. The letters may stand in any order; these are the usual ones. */
export interface FileOfMode {
  r: TextReader;
  w: TextWriter;
  rw: TextReaderWriter;
  rb: StreamReader;
  wb: StreamWriter;
  rwb: StreamReaderWriter;
}

/** A mode of {@link makefile}. */
export type FileMode = keyof FileOfMode;

/**
 * Makes a file of a connection. Source: `socket.makefile`.
 *
 * As in Python, what is written is collected until 8,192 bytes, `flush()` or `close()`, unless
 * `buffering` is 0. Closing the file flushes it and leaves the socket open; close both.
 *
 * @param socket the connection.
 * @param mode `"r"` (the default) reads, `"w"` writes, `"rw"` does both; with `"b"` bytes, otherwise text.
 * @param options `encoding`, `errors` and `newline` are for text only.
 * @throws RangeError for any other mode, an unknown option, an option of text with `"b"`, and `buffering: 0` without it.
 * @example
 * ```ts
 * const file = makefile(socket, "rwb");
 * await file.write("hello\n");
 * await file.flush();
 * const reply = await file.readline();
 * ```
 */
export function makefile<Mode extends FileMode = "r">(
  socket: ByteSource & ByteSink,
  mode?: Mode,
  options?: MakefileOptions,
): FileOfMode[Mode];
export function makefile(
  socket: ByteSource & ByteSink,
  mode: FileMode = "r",
  options: MakefileOptions = {},
): FileOfMode[FileMode] {
  const { binary, reading, writing, readerOptions, bufferSize } = planFile(mode, options);
  const makeReader = () => new StreamReader(socket, readerOptions);
  const makeWriter = () => new StreamWriter(socket, { bufferSize });
  if (binary) {
    if (reading && writing) return new StreamReaderWriter(socket, makeWriter(), readerOptions);
    return reading ? makeReader() : makeWriter();
  }
  if (reading && writing) return new TextReaderWriter(makeReader(), makeWriter(), options);
  return reading ? new TextReader(makeReader(), options) : new TextWriter(makeWriter(), options);
}

/**
 * A {@link StreamReader} that also writes: what `makefile("rwb")` returns. Source: `io.BufferedRWPair`.
 *
 * Reads and writes do not disturb each other, and go on at the same time.
 */
export class StreamReaderWriter extends StreamReader {
  readonly #writer: StreamWriter;

  /** @param writer does the writing. {@link close} closes it. */
  constructor(source: ByteSource, writer: StreamWriter, options?: StreamReaderOptions) {
    super(source, options);
    this.#writer = writer;
  }

  /** See {@link StreamWriter.writable}. */
  writable(): boolean {
    return this.#writer.writable();
  }

  /** See {@link StreamWriter.write}. */
  write(data: string | Uint8Array): Promise<number> {
    return this.#writer.write(data);
  }

  /** See {@link StreamWriter.writelines}. */
  writelines(lines: Iterable<string | Uint8Array>): Promise<void> {
    return this.#writer.writelines(lines);
  }

  /** See {@link StreamWriter.flush}. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Ends the reading, flushes, and ends the writing. The socket stays open. Idempotent. */
  override async close(): Promise<void> {
    await super.close();
    await this.#writer.close();
  }
}

/**
 * A {@link TextReader} that also writes: what `makefile("rw")` returns. Source: `io.TextIOWrapper` over `io.BufferedRWPair`.
 *
 * Reads and writes do not disturb each other, and go on at the same time.
 */
export class TextReaderWriter extends TextReader {
  readonly #writer: TextWriter;

  /**
   * @param reader where the bytes come from. {@link close} closes it.
   * @param writer where the bytes go. {@link close} closes it.
   */
  constructor(reader: StreamReader, writer: StreamWriter, options?: TextStreamOptions) {
    super(reader, options);
    this.#writer = new TextWriter(writer, options);
  }

  /** See {@link TextWriter.writable}. */
  writable(): boolean {
    return this.#writer.writable();
  }

  /** See {@link TextWriter.write}. */
  write(text: string): Promise<number> {
    return this.#writer.write(text);
  }

  /** See {@link TextWriter.writelines}. */
  writelines(lines: Iterable<string>): Promise<void> {
    return this.#writer.writelines(lines);
  }

  /** See {@link TextWriter.flush}. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Ends the reading, flushes, and ends the writing. The socket stays open. Idempotent. */
  override async close(): Promise<void> {
    await super.close();
    await this.#writer.close();
  }
}

/** What a mode and its options ask for. */
export interface FilePlan {
  readonly binary: boolean;
  readonly reading: boolean;
  readonly writing: boolean;
  readonly readerOptions: StreamReaderOptions;
  /** What the writer collects, in bytes. */
  readonly bufferSize: number;
}

/**
 * Reads the arguments of a `makefile()`.
 *
 * @internal
 * @throws RangeError as {@link makefile}
 */
export function planFile(mode: FileMode, options: MakefileOptions): FilePlan {
  const letters = new Set<string>(mode);
  for (const letter of letters) {
    if (!"rwb".includes(letter)) throw new RangeError(`invalid mode '${mode}' (only r, w, b allowed)`);
  }
  const binary = letters.has("b");
  const writing = letters.has("w");
  checkOptions(options, binary);
  const { buffering = -1, maxLineLength, maxReadSize } = options;
  const bufferSize = buffering < 0 ? undefined : buffering;
  return {
    binary,
    writing,
    reading: letters.has("r") || !writing,
    readerOptions: { bufferSize, maxLineLength, maxReadSize },
    bufferSize: bufferSize ?? defaults.writeBufferSize,
  };
}

const textOptions = ["encoding", "errors", "newline"] as const;
const knownOptions: readonly string[] = ["buffering", ...textOptions, "maxLineLength", "maxReadSize"];

function checkOptions(options: MakefileOptions, binary: boolean): void {
  for (const name of Object.keys(options)) {
    if (!knownOptions.includes(name)) {
      throw new RangeError(`Cannot use the option "${name}" of makefile: it knows ${knownOptions.join(", ")}.`);
    }
  }
  const text = textOptions.find((name) => options[name] !== undefined);
  if (binary && text !== undefined) throw new RangeError(`Binary mode takes no ${text}: leave it out, or the "b".`);
  if (!binary && options.buffering === 0)
    throw new RangeError('Unbuffered streams must be binary: add "b" to the mode.');
  const { buffering = -1 } = options;
  if (!Number.isInteger(buffering) || buffering < -1) {
    throw new RangeError(`Cannot use buffering ${buffering}: it is a whole number of bytes, or -1 for the default.`);
  }
}
