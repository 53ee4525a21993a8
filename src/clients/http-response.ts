/**
 * {@link readHttpResponse}: reads an answer of HTTP/1.x from a connection, however its bytes are cut.
 *
 * @module
 */

import { IncompleteReadError, LimitOverrunError, OSError } from "../core/errors.js";
import type { ByteSource } from "../core/stream/byte-stream.js";
import { StreamReader } from "../core/stream/reader.js";

/** The most bytes that everything but the body may have: status, headers, interim answers, the lines around chunks. */
const MAX_HEAD = 65_536;
/** The most bytes of a body that {@link HttpResponse.read} holds. */
const MAX_BODY = 64 * 1024 * 1024;
const CHUNK_SIZE = 65_536;

/** What came is no answer of HTTP/1.x. Source: `http.client.HTTPException`. */
export class BadResponseError extends OSError {
  static {
    BadResponseError.prototype.name = "BadResponseError";
  }

  /** @param problem what is wrong with it, in words */
  constructor(problem: string) {
    super(`Cannot read the HTTP response: ${problem} (EPROTO)`, { code: "EPROTO", syscall: "read" });
  }
}

/** A header: its name as it was written, and its value. */
export type HttpHeader = readonly [name: string, value: string];

/** The first line of an answer. */
export interface StatusLine {
  /** `"1.0"` or `"1.1"`. */
  readonly version: string;
  /** `200`, `404` … */
  readonly status: number;
  /** What the server says about it, such as `"Not Found"`; may be empty. */
  readonly reason: string;
}

/** What {@link readHttpResponse} has to know. */
export interface ReadResponseOptions {
  /** What was asked with: an answer to HEAD has no body. `"GET"` by default. */
  readonly method?: "GET" | "HEAD";
}

/** An answer. Its head is there; its body comes as it is read. Source: `http.client.HTTPResponse`. */
export class HttpResponse implements StatusLine, AsyncDisposable {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** The headers in their order. */
  readonly headers: readonly HttpHeader[];
  /**
   * The bytes of the body, piece by piece; to be read once.
   *
   * It throws an IncompleteReadError when the connection ends before the body does, and a {@link BadResponseError}.
   */
  readonly body: AsyncIterable<Buffer>;
  readonly #close: () => Promise<void>;

  /** @internal @param close ends the connection that it comes by */
  constructor(line: StatusLine, headers: readonly HttpHeader[], body: AsyncIterable<Buffer>, close = nothingToClose) {
    this.version = line.version;
    this.status = line.status;
    this.reason = line.reason;
    this.headers = headers;
    this.body = body;
    this.#close = close;
  }

  /** The value of a header, whatever the case of its name; several are joined by `", "`. `null` where there is none. */
  header(name: string): string | null {
    return headerOf(this.headers, name);
  }

  /**
   * Reads the whole body.
   *
   * @throws LimitOverrunError when it has more than `limit` bytes (64 MiB); and as {@link body}.
   */
  async read(limit: number = MAX_BODY): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of this.body) {
      length += piece.length;
      if (length > limit) {
        throw new LimitOverrunError(
          `The body is longer than ${limit} bytes (EMSGSIZE). Read it piece by piece.`,
          limit,
        );
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Ends the connection that it comes by, where that is its own: one of `httpGet()`. */
  close(): Promise<void> {
    return this.#close();
  }

  /** The same as {@link close}: `await using response = await httpGet("http://localhost:8000/")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function nothingToClose(): Promise<void> {}

/**
 * Reads an answer of HTTP/1.0 or 1.1. Interim answers (100 to 199) are passed over.
 *
 * The body ends as `Transfer-Encoding: chunked` or `Content-Length` says, or with the connection. What stands behind it
 * is left in the source, or in the reader, which is to be passed on in that case.
 *
 * @param source a `Socket`, or a `StreamReader` on one.
 * @throws BadResponseError for what is no such answer, or says of its body what cannot be; LimitOverrunError for a head of
 *   more than 65,536 bytes; IncompleteReadError when the stream ends within the head.
 * @example
 * ```ts
 * await socket.sendall("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
 * const response = await readHttpResponse(socket);
 * console.log(response.status, (await response.read()).toString());
 * ```
 */
export function readHttpResponse(
  source: ByteSource | StreamReader,
  options: ReadResponseOptions = {},
): Promise<HttpResponse> {
  return readResponse(source, options, nothingToClose);
}

/** @internal The same for an answer that is to close its connection. */
export async function readResponse(
  source: ByteSource | StreamReader,
  { method = "GET" }: ReadResponseOptions,
  close: () => Promise<void>,
): Promise<HttpResponse> {
  const lines = new HeadLines(source instanceof StreamReader ? source : new StreamReader(source));
  for (;;) {
    const line = parseStatusLine(await lines.next());
    const headers = await readHeaders(lines);
    if (line.status < 200) continue;
    const body = bodyOf(lines, method === "HEAD" ? "none" : framingOf(line.status, headers));
    return new HttpResponse(line, headers, body, close);
  }
}

/** The lines of the head, of which there may be so many bytes together. */
class HeadLines {
  readonly reader: StreamReader;
  #left = MAX_HEAD;

  constructor(reader: StreamReader) {
    this.reader = reader;
  }

  /** The next line without its end, as ISO 8859-1: every byte is a character of the same number. */
  async next(): Promise<string> {
    // One byte more than there may be: whoever fills it has gone too far.
    const line = await this.reader.readline(this.#left + 1);
    this.#left -= line.length;
    if (this.#left < 0) {
      throw new LimitOverrunError(`The head of the response is longer than ${MAX_HEAD} bytes (EMSGSIZE)`, MAX_HEAD);
    }
    const text = line.toString("latin1");
    if (!text.endsWith("\n")) {
      throw new IncompleteReadError("The connection ended within the head of the response (ENODATA)", line, null);
    }
    return text.slice(0, text.endsWith("\r\n") ? -2 : -1);
  }

  /** What was used so far does not count any more. Each chunk has a head of its own. */
  refill(): void {
    this.#left = MAX_HEAD;
  }
}

function parseStatusLine(text: string): StatusLine {
  const match = /^HTTP\/(?<version>1\.[01]) (?<status>[1-9]\d\d)(?: (?<reason>.*))?$/.exec(text);
  if (match?.groups === undefined) {
    throw new BadResponseError(`it begins with ${quoted(text)}, and not with a status such as "HTTP/1.1 200 OK"`);
  }
  const { version = "", status, reason = "" } = match.groups;
  return { version, status: Number(status), reason };
}

async function readHeaders(lines: HeadLines): Promise<HttpHeader[]> {
  const headers: [string, string][] = [];
  for (;;) {
    const line = await lines.next();
    if (line === "") return headers;
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      // A value that goes on in the next line, which nobody should write any more, stands for one with a space (RFC 9112, 5.2).
      last[1] = `${last[1]} ${line.trim()}`.trim();
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new BadResponseError(`${quoted(line)} is no header`);
    headers.push([name, line.slice(colon + 1).trim()]);
  }
}

function headerOf(headers: readonly HttpHeader[], name: string): string | null {
  const values = headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}

/** How the end of a body is found: there is none; by a length; in chunks; with the connection. RFC 9112, 6.3. */
type Framing = "none" | "chunked" | "until the end" | number;

function framingOf(status: number, headers: readonly HttpHeader[]): Framing {
  if (status === 204 || status === 304) return "none";
  const encoding = headerOf(headers, "transfer-encoding");
  if (encoding !== null) {
    // Where there is a length too, the chunks count.
    if (encoding.toLowerCase() === "chunked") return "chunked";
    throw new BadResponseError(`its body has the transfer encoding ${quoted(encoding)}, which nobody has asked for`);
  }
  const length = headerOf(headers, "content-length");
  return length === null ? "until the end" : parseLength(length);
}

function parseLength(text: string): number {
  const [first = "", ...others] = text.split(",").map((one) => one.trim());
  const length = Number(first);
  // The same length more than once is no contradiction (RFC 9112, 6.3).
  if (/^\d+$/.test(first) && Number.isSafeInteger(length) && others.every((one) => one === first)) return length;
  throw new BadResponseError(`its length is ${quoted(text)}, which is no number of bytes`);
}

function bodyOf(lines: HeadLines, framing: Framing): AsyncIterable<Buffer> {
  switch (framing) {
    case "none":
      return readLength(lines.reader, 0);
    case "chunked":
      return readChunks(lines);
    case "until the end":
      return readToTheEnd(lines.reader);
    default:
      return readLength(lines.reader, framing);
  }
}

async function* readLength(reader: StreamReader, length: number): AsyncGenerator<Buffer, void> {
  let left = length;
  while (left > 0) {
    const piece = await reader.read1(Math.min(left, CHUNK_SIZE));
    if (piece.length === 0) {
      const message = `The connection ended before the body did: ${left} of ${length} bytes are missing (ENODATA)`;
      throw new IncompleteReadError(message, piece, length);
    }
    left -= piece.length;
    yield piece;
  }
}

async function* readToTheEnd(reader: StreamReader): AsyncGenerator<Buffer, void> {
  for (;;) {
    const piece = await reader.read1();
    if (piece.length === 0) return;
    yield piece;
  }
}

async function* readChunks(lines: HeadLines): AsyncGenerator<Buffer, void> {
  for (;;) {
    lines.refill();
    const length = parseChunkLength(await lines.next());
    if (length === 0) break;
    yield* readLength(lines.reader, length);
    if ((await lines.next()) !== "") throw new BadResponseError("a chunk is longer than it says");
  }
  // Headers may follow; they are read, and tell nothing that a body needs.
  await readHeaders(lines);
}

/** `1a`, or `1a;name=value`: an extension that nobody knows is to be passed over. */
function parseChunkLength(line: string): number {
  const [text = ""] = line.split(";");
  const digits = text.trim();
  const length = Number.parseInt(digits, 16);
  if (/^[0-9a-f]+$/i.test(digits) && Number.isSafeInteger(length)) return length;
  throw new BadResponseError(`a chunk begins with ${quoted(line)}, which is no length`);
}

/** As much of a text as an error should show. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
