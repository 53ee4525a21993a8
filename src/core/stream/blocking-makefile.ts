/**
 * `makefile()` of a blocking socket: a connection as a file, in Python's modes.
 *
 * @module
 */

import { type BlockingByteSource, BlockingStreamReader } from "./blocking-reader.js";
import { BlockingTextReader, BlockingTextWriter } from "./blocking-text.js";
import { type BlockingByteSink, BlockingStreamWriter } from "./blocking-writer.js";
import { type FileMode, type MakefileOptions, planFile } from "./makefile.js";
import type { StreamReaderOptions } from "./read-buffer.js";
import type { TextStreamOptions } from "./text-codec.js";

/** Which mode makes what. The letters may stand in any order; these are the usual ones. */
export interface BlockingFileOfMode {
  r: BlockingTextReader;
  w: BlockingTextWriter;
  rw: BlockingTextReaderWriter;
  rb: BlockingStreamReader;
  wb: BlockingStreamWriter;
  rwb: BlockingStreamReaderWriter;
}

/**
 * Makes a file of a connection whose calls block, with the modes, options and errors of `makefile()`. Source:
 * `socket.makefile`.
 */
export function blockingMakefile<Mode extends FileMode>(
  socket: BlockingByteSource & BlockingByteSink,
  mode: Mode | undefined,
  options: MakefileOptions | undefined,
): BlockingFileOfMode[Mode];
export function blockingMakefile(
  socket: BlockingByteSource & BlockingByteSink,
  mode: FileMode = "r",
  options: MakefileOptions = {},
): BlockingFileOfMode[FileMode] {
  const { binary, reading, writing, readerOptions, bufferSize } = planFile(mode, options);
  const makeReader = () => new BlockingStreamReader(socket, readerOptions);
  const makeWriter = () => new BlockingStreamWriter(socket, { bufferSize });
  if (binary) {
    if (reading && writing) return new BlockingStreamReaderWriter(socket, makeWriter(), readerOptions);
    return reading ? makeReader() : makeWriter();
  }
  if (reading && writing) return new BlockingTextReaderWriter(makeReader(), makeWriter(), options);
  return reading ? new BlockingTextReader(makeReader(), options) : new BlockingTextWriter(makeWriter(), options);
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

  /** Ends the reading, flushes, and ends the writing. The socket stays open. Idempotent. */
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

  /** Ends the reading, flushes, and ends the writing. The socket stays open. Idempotent. */
  override close(): void {
    super.close();
    this.#writer.close();
  }
}
