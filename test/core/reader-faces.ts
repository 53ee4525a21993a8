/** Both readers, to be tested by the same tests. */

import type { BlockingByteSource, ByteReceiver, ByteSource } from "../../dist/core/stream/byte-stream.js";
import { BlockingStreamReader, StreamReader, type StreamReaderOptions } from "../../dist/core/stream/reader.js";
import { BlockingTextReader, TextReader, type TextStreamOptions } from "../../dist/core/stream/text.js";

/** A reader of either kind. What it returns can be awaited. */
export type Reader = StreamReader | BlockingStreamReader;

/** A reader of text of either kind. */
export type AnyTextReader = TextReader | BlockingTextReader;

/** The reader of text over one of bytes. */
export function textOver(reader: Reader, options?: TextStreamOptions): AnyTextReader {
  return reader instanceof StreamReader ? new TextReader(reader, options) : new BlockingTextReader(reader, options);
}

interface ReaderFace {
  readonly name: string;
  over(source: BlockingByteSource, options?: StreamReaderOptions): Reader;
}

/** Answers a receiver in one of the ways that a source may. */
function answer(source: BlockingByteSource, receiver: ByteReceiver): void {
  let bytes: Buffer;
  try {
    bytes = source.recv(receiver.wanted);
  } catch (error) {
    receiver.onError(error);
    return;
  }
  receiver.onBytes(bytes);
}

/** A source that has a `receive()`; `recv()` is not to be called then. */
function receiving(receive: (receiver: ByteReceiver) => void): ByteSource {
  const recv = () => Promise.reject(new Error("receive() is there"));
  return { recv, receive } as ByteSource;
}

export const readerFaces: readonly ReaderFace[] = [
  {
    name: "StreamReader over recv()",
    over: (source, options) => new StreamReader({ recv: async (size) => source.recv(size) }, options),
  },
  {
    name: "StreamReader over a receive() that answers at once",
    over: (source, options) =>
      new StreamReader(
        receiving((receiver) => answer(source, receiver)),
        options,
      ),
  },
  {
    name: "StreamReader over a receive() that answers later",
    over: (source, options) =>
      new StreamReader(
        receiving((receiver) => queueMicrotask(() => answer(source, receiver))),
        options,
      ),
  },
  { name: "BlockingStreamReader", over: (source, options) => new BlockingStreamReader(source, options) },
];
