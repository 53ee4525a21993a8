/**
 * `makefile()`: a connection as a file, in Python's modes.
 *
 * @module
 */

import type { BlockingByteSink, BlockingByteSource, ByteSink, ByteSource, FileHost } from "./byte-stream.js";
import { BlockingStreamReader, StreamReader, type StreamReaderOptions } from "./reader.js";
import { BlockingTextReader, BlockingTextWriter, TextReader, type TextStreamOptions, TextWriter } from "./text.js";
import { BlockingStreamWriter, StreamWriter, type StreamWriterOptions } from "./writer.js";

/** What {@link makefile} may be told. */
export interface MakefileOptions extends TextStreamOptions {
  /**
   * How many bytes are received at a time, and collected before they are sent. -1, the default: 65,536 for both; of a blocking
   * socket, every write is sent at once. 0, with `"b"` only: nothing is read ahead, and every write is sent at once.
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

/** Which mode of a blocking socket's `makefile()` makes what. */
export interface BlockingFileOfMode {
  r: BlockingTextReader;
  w: BlockingTextWriter;
  rw: BlockingTextReaderWriter;
  rb: BlockingStreamReader;
  wb: BlockingStreamWriter;
  rwb: BlockingStreamReaderWriter;
}

/** A mode of {@link makefile}. */
export type FileMode = keyof FileOfMode;

/**
 * Makes a file of a connection. Source: `socket.makefile`.
 *
 * What is written is collected, and leaves by itself, as {@link StreamWriter} says: at the latest when the turn of the event loop
 * ends. Closing the file flushes it and leaves the socket open; close both, in any order: as in Python, `close()` of a socket
 * takes effect when its last file is closed. (One that only reads, and has read to the end of the stream, counts as closed.) A
 * server does not wait for files when it closes a request.
 *
 * @param socket the connection.
 * @param mode `"r"` (the default) reads, `"w"` writes, `"rw"` does both; with `"b"` bytes, otherwise text.
 * @param options `encoding`, `errors` and `newline` are for text only.
 * @returns the file, which the caller closes.
 * @throws RangeError for any other mode, an unknown option, an option of text with `"b"`, and `buffering: 0` without it.
 * @example
 * ```ts
 * await using file = makefile(socket, "rwb");
 * await file.write("hello\n");
 * const reply = await file.readline();
 * ```
 */
export function makefile<Mode extends FileMode = "r">(
  socket: ByteSource & ByteSink & FileHost,
  mode?: Mode,
  options?: MakefileOptions,
): FileOfMode[Mode];
export function makefile(
  socket: ByteSource & ByteSink & FileHost,
  mode: FileMode = "r",
  options: MakefileOptions = {},
): FileOfMode[FileMode] {
  const { binary, reading, writing, readerOptions, writerOptions } = planFile(mode, options);
  const writer = writing ? new StreamWriter(socket, writerOptions) : null;
  if (!reading && writer !== null) return holdOpen(socket, binary ? writer : new TextWriter(writer, options), writer);
  if (binary && writer !== null) {
    const file = new StreamReaderWriter(socket, writer, readerOptions);
    return holdOpen(socket, file, file, writer);
  }
  const reader = new StreamReader(socket, readerOptions);
  if (binary) return holdOpen(socket, reader, reader);
  if (writer === null) return holdOpen(socket, new TextReader(reader, options), reader);
  return holdOpen(socket, new TextReaderWriter(reader, writer, options), reader, writer);
}

/**
 * Makes a file of a connection whose calls block, with the modes, options and errors of {@link makefile}. Source:
 * `socket.makefile`.
 */
export function blockingMakefile<Mode extends FileMode>(
  socket: BlockingByteSource & BlockingByteSink & FileHost,
  mode: Mode | undefined,
  options: MakefileOptions | undefined,
): BlockingFileOfMode[Mode];
export function blockingMakefile(
  socket: BlockingByteSource & BlockingByteSink & FileHost,
  mode: FileMode = "r",
  options: MakefileOptions = {},
): BlockingFileOfMode[FileMode] {
  const { binary, reading, writing, readerOptions, writerOptions } = planFile(mode, options);
  const writer = writing ? new BlockingStreamWriter(socket, writerOptions) : null;
  if (!reading && writer !== null)
    return holdOpen(socket, binary ? writer : new BlockingTextWriter(writer, options), writer);
  if (binary && writer !== null) {
    const file = new BlockingStreamReaderWriter(socket, writer, readerOptions);
    return holdOpen(socket, file, file, writer);
  }
  const reader = new BlockingStreamReader(socket, readerOptions);
  if (binary) return holdOpen(socket, reader, reader);
  if (writer === null) return holdOpen(socket, new BlockingTextReader(reader, options), reader);
  return holdOpen(socket, new BlockingTextReaderWriter(reader, writer, options), reader, writer);
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

  /** Ends the reading, flushes, and ends the writing. Idempotent. */
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

  /** Ends the reading, flushes, and ends the writing. Idempotent. */
  override async close(): Promise<void> {
    await super.close();
    await this.#writer.close();
  }
}

/**
 * A {@link BlockingStreamReader} that also writes: what `makefile("rwb")` of a blocking socket returns. Source:
 * `io.BufferedRWPair`.
 */
export class BlockingStreamReaderWriter extends BlockingStreamReader {
  readonly #writer: BlockingStreamWriter;

  /** @param writer does the writing. {@link close} closes it. */
  constructor(source: BlockingByteSource, writer: BlockingStreamWriter, options?: StreamReaderOptions) {
    super(source, options);
    this.#writer = writer;
  }

  /** See {@link BlockingStreamWriter.writable}. */
  writable(): boolean {
    return this.#writer.writable();
  }

  /** See {@link BlockingStreamWriter.write}. */
  write(data: string | Uint8Array): number {
    return this.#writer.write(data);
  }

  /** See {@link BlockingStreamWriter.writelines}. */
  writelines(lines: Iterable<string | Uint8Array>): void {
    this.#writer.writelines(lines);
  }

  /** See {@link BlockingStreamWriter.flush}. */
  flush(): void {
    this.#writer.flush();
  }

  /** Ends the reading, flushes, and ends the writing. Idempotent. */
  override close(): void {
    super.close();
    this.#writer.close();
  }
}

/**
 * A {@link BlockingTextReader} that also writes: what `makefile("rw")` of a blocking socket returns. Source:
 * `io.TextIOWrapper` over `io.BufferedRWPair`.
 */
export class BlockingTextReaderWriter extends BlockingTextReader {
  readonly #writer: BlockingTextWriter;

  /**
   * @param reader where the bytes come from. {@link close} closes it.
   * @param writer where the bytes go. {@link close} closes it.
   */
  constructor(reader: BlockingStreamReader, writer: BlockingStreamWriter, options?: TextStreamOptions) {
    super(reader, options);
    this.#writer = new BlockingTextWriter(writer, options);
  }

  /** See {@link BlockingTextWriter.writable}. */
  writable(): boolean {
    return this.#writer.writable();
  }

  /** See {@link BlockingTextWriter.write}. */
  write(text: string): number {
    return this.#writer.write(text);
  }

  /** See {@link BlockingTextWriter.writelines}. */
  writelines(lines: Iterable<string>): void {
    this.#writer.writelines(lines);
  }

  /** See {@link BlockingTextWriter.flush}. */
  flush(): void {
    this.#writer.flush();
  }

  /** Ends the reading, flushes, and ends the writing. Idempotent. */
  override close(): void {
    super.close();
    this.#writer.close();
  }
}

/** What a mode and its options ask for. */
interface FilePlan {
  readonly binary: boolean;
  readonly reading: boolean;
  readonly writing: boolean;
  readonly readerOptions: StreamReaderOptions;
  readonly writerOptions: StreamWriterOptions;
}

/** Lets the parts of a file, which is made, keep its connection open until they are closed. */
function holdOpen<File>(host: FileHost, file: File, ...parts: { holdOpen(host: FileHost): void }[]): File {
  for (const part of parts) part.holdOpen(host);
  return file;
}

/** Reads the arguments of a `makefile()`. @throws RangeError as {@link makefile} */
function planFile(mode: FileMode, options: MakefileOptions): FilePlan {
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
    writerOptions: { bufferSize },
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
