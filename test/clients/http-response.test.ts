import fc from "fast-check";
import { IncompleteReadError, LimitOverrunError, StreamReader } from "ts-socketserver";
import { BadResponseError, type HttpResponse, readHttpResponse } from "ts-socketserver/clients";
import { describe, expect, it } from "vitest";
import { cutAt, cuts, sourceOf } from "../servers/cuts.js";

const read = (text: string | Buffer, method?: "GET" | "HEAD"): Promise<HttpResponse> =>
  readHttpResponse(sourceOf([Buffer.from(text)]), method === undefined ? {} : { method });

/** A response with its body, as a test compares it. */
async function whole(response: HttpResponse): Promise<object> {
  const { version, status, reason, headers } = response;
  return { version, status, reason, headers, body: (await response.read()).toString("latin1") };
}

/** A source that never ends, and counts what is taken of it. */
function endless(start: string, piece: string) {
  let taken = 0;
  const source = {
    recv: async (size: number): Promise<Buffer> => {
      const bytes = Buffer.from(taken === 0 ? start : piece).subarray(0, size);
      taken += bytes.length;
      return bytes;
    },
  };
  return { source, taken: () => taken };
}

describe("readHttpResponse", () => {
  it("reads the status, the headers in their order, and a body of the length that they say", async () => {
    const response = await read(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  one \r\nx-a: two\r\nX-B:\r\n\r\nhello and more",
    );
    expect(await whole(response)).toEqual({
      version: "1.1",
      status: 200,
      reason: "OK",
      headers: [
        ["Content-Length", "5"],
        ["X-A", "one"],
        ["x-a", "two"],
        ["X-B", ""],
      ],
      body: "hello",
    });
    expect([response.header("X-a"), response.header("x-b"), response.header("x-c")]).toEqual(["one, two", "", null]);
  });

  it("puts chunks together, and reads what follows them: extensions, and headers at the end", async () => {
    const chunks = "5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nX-Checksum: 1\r\n\r\n";
    const reader = new StreamReader(
      sourceOf([Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks}next`)]),
    );
    const response = await readHttpResponse(reader);
    expect(String(await response.read())).toBe("hello world");
    expect(String(await reader.read())).toBe("next");
  });

  it("reads a body without a length to the end of the connection", async () => {
    const response = await read("HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nto the end");
    expect(await whole(response)).toMatchObject({
      version: "1.0",
      status: 404,
      reason: "Not Found",
      body: "to the end",
    });
  });

  it.each([
    ["an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"],
    ["204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET"],
    ["304", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"],
    ["the length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nnot this", "GET"],
  ] as const)("knows that %s has no body", async (_what, text, method) => {
    expect(await (await read(text, method)).read()).toHaveLength(0);
  });

  it("passes over interim answers", async () => {
    const response = await read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
    );
    expect(await whole(response)).toMatchObject({ status: 201, headers: [["Content-Length", "2"]], body: "ok" });
  });

  it("takes what older servers write: bare line feeds, no reason, a value in two lines, a length twice", async () => {
    const response = await read("HTTP/1.1 200\nX-Long: one\n\ttwo\nContent-Length: 2\nContent-Length: 2\n\nok");
    expect(await whole(response)).toMatchObject({ reason: "", body: "ok" });
    expect(response.header("x-long")).toBe("one two");
  });

  it("believes chunks, and not the length beside them", async () => {
    const response = await read(
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    );
    expect(String(await response.read())).toBe("ok");
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", /begins with "SSH-2.0-OpenSSH_9.2"/],
    ["HTTP/2", "HTTP/2 200 OK\r\n\r\n", /begins with "HTTP\/2 200 OK"/],
    ["no status", "HTTP/1.1 OK\r\n\r\n", /begins with "HTTP\/1.1 OK"/],
    ["a line that is no header", "HTTP/1.1 200 OK\r\nhello\r\n\r\n", /"hello" is no header/],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", /"A : b" is no header/],
    ["a header that begins with a space", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", /is no header/],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", /its length is "1, 2"/],
    ["a length below 0", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", /its length is "-1"/],
    ["a length beyond all numbers", `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(30)}\r\n\r\n`, /its length is/],
    ["another encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", /encoding "gzip, chunked"/],
  ])("refuses %s", async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(BadResponseError);
    await expect(read(text)).rejects.toThrow(message);
  });

  it.each([
    ["a chunk without a length", "hello\r\n", /a chunk begins with "hello"/],
    ["a chunk with a sign", "-5\r\nhello\r\n", /a chunk begins with "-5"/],
    ["a chunk with a lying length", "2\r\nhello\r\n0\r\n\r\n", /a chunk is longer than it says/],
    ["a chunk of more than all memory", `${"f".repeat(20)}\r\n`, /which is no length/],
  ])("refuses %s when the body is read", async (_what, chunks, message) => {
    const response = await read(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
    await expect(response.read()).rejects.toThrow(message);
  });

  it.each([
    ["the first line", "HTTP/1.1 20"],
    ["the headers", "HTTP/1.1 200 OK\r\nA: b\r\n"],
    ["nothing at all", ""],
  ])("tells when the connection ends within %s", async (_what, text) => {
    await expect(read(text)).rejects.toThrow(IncompleteReadError);
  });

  it.each([
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", /2 of 5 bytes are missing/],
    ["a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", /2 of 5 bytes are missing/],
    ["the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", /ended within the head/],
  ])("tells when the connection ends before %s does: half a body is none", async (_what, text, message) => {
    const response = await read(text);
    await expect(response.read()).rejects.toThrow(IncompleteReadError);
    await expect((await read(text)).read()).rejects.toThrow(message);
  });

  it.each([
    ["a first line", "HTTP/1.1 200 ", "x".repeat(1000)],
    ["a header", "HTTP/1.1 200 OK\r\nA: ", "x".repeat(1000)],
    ["headers", "HTTP/1.1 200 OK\r\n", "A: b\r\n".repeat(100)],
    ["interim answers", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n".repeat(40)],
  ])("gives up on %s without end, before it has taken 200 KB", async (_what, start, piece) => {
    const { source, taken } = endless(start, piece);
    await expect(readHttpResponse(source)).rejects.toThrow(LimitOverrunError);
    expect(taken()).toBeLessThan(200_000);
  });

  it.each([
    ["extensions of a chunk", "1;a=", "x".repeat(1000)],
    ["headers behind the last chunk", "0\r\n", "A: b\r\n".repeat(100)],
  ])("gives up on %s without end, too", async (_what, start, piece) => {
    const { source, taken } = endless(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${start}`, piece);
    await expect((await readHttpResponse(source)).read()).rejects.toThrow(LimitOverrunError);
    expect(taken()).toBeLessThan(200_000);
  });

  it("holds no more of a body than read() is allowed to", async () => {
    const { source, taken } = endless("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1000));
    await expect((await readHttpResponse(source)).read(100_000)).rejects.toThrow(LimitOverrunError);
    expect(taken()).toBeLessThan(300_000);
  });

  it("is quick about a header that is nothing but spaces", async () => {
    const before = performance.now();
    const response = await read(`HTTP/1.1 200 OK\r\nA: x${" ".repeat(60_000)}y\r\n\r\n`);
    expect(response.header("a")).toHaveLength(60_002);
    expect(performance.now() - before).toBeLessThan(500);
  });
});

const token = fc
  .stringMatching(/^[A-Za-z-]{1,12}$/)
  .filter((name) => !/^(content-length|transfer-encoding)$/i.test(name));
const value = fc.stringMatching(/^[!-~]{0,20}$/);
const anyBody = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const framing = fc.constantFrom("length", "chunked", "end");

interface Written {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly framing: string;
}

/** Writes a response as a server would. @param places where chunks end */
function write({ status, headers, body, framing }: Written, places: readonly number[]): Buffer {
  const about: Record<string, string> = {
    length: `Content-Length: ${body.length}\r\n`,
    chunked: "Transfer-Encoding: chunked\r\n",
  };
  const head = `HTTP/1.1 ${status} Fine\r\n${headers.map(([name, text]) => `${name}: ${text}\r\n`).join("")}${about[framing] ?? ""}\r\n`;
  if (framing !== "chunked") return Buffer.concat([Buffer.from(head), body]);
  const chunks = cutAt(body, places).flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([Buffer.from(head), ...chunks, Buffer.from("0\r\n\r\n")]);
}

const written = fc.record({
  status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
  headers: fc.array(fc.tuple(token, value), { maxLength: 5 }),
  body: anyBody,
  framing,
});

describe("However the bytes are cut", () => {
  it("the same response is read", async () => {
    await fc.assert(
      fc.asyncProperty(written, cuts, cuts, async (response, chunkEnds, places) => {
        const bytes = write(response, chunkEnds);
        const found = await readHttpResponse(sourceOf(cutAt(bytes, places)));
        expect(found.status).toBe(response.status);
        expect(found.headers.slice(0, response.headers.length)).toEqual(response.headers);
        expect((await found.read()).equals(response.body)).toBe(true);
      }),
    );
  });

  it("bytes of any kind give a response or one of three errors, and always the same", async () => {
    const alphabet = fc.constantFrom(
      "HTTP/1.1 ",
      "200",
      " ",
      "\r\n",
      "\n",
      "A: b",
      "Content-Length: ",
      "3",
      "Transfer-Encoding: chunked",
      "abc",
      "0",
      "\0",
      "é",
    );
    const outcome = async (pieces: readonly Buffer[]): Promise<unknown> => {
      try {
        return await whole(await readHttpResponse(sourceOf(pieces)));
      } catch (error) {
        const known = [BadResponseError, IncompleteReadError, LimitOverrunError].some((kind) => error instanceof kind);
        if (!known) throw error;
        return String(error);
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(alphabet, { maxLength: 20 }), cuts, async (words, places) => {
        const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${words.join("")}`);
        expect(await outcome(cutAt(bytes, places))).toEqual(await outcome([bytes]));
      }),
    );
  });
});
