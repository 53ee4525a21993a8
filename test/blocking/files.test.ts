import fc from "fast-check";
import {
  BlockingSocket,
  BlockingStreamReader,
  BlockingStreamWriter,
  BrokenPipeError,
  ClosedResourceError,
  IncompleteReadError,
  LimitOverrunError,
  OSError,
  StreamReader,
  TimeoutError,
} from "ts-socketserver";
import {
  BlockingStreamReaderWriter,
  BlockingTextReader,
  BlockingTextReaderWriter,
  BlockingTextWriter,
  SHUT_WR,
  TextReader,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { available, connected, Peer, pair, unless } from "./peers.js";

/** A source that gives these pieces, then the end. It never gives more than was asked for. */
function sourceOf(pieces: readonly Uint8Array[]): { recv(size: number): Buffer } {
  const left = pieces.filter((piece) => piece.length > 0).map((piece) => Buffer.from(piece));
  return {
    recv(size) {
      const [first] = left;
      if (first === undefined) return Buffer.alloc(0);
      if (first.length <= size) left.shift();
      else left[0] = first.subarray(size);
      return first.subarray(0, size);
    },
  };
}

/** A reader of text that comes in these pieces. */
const readerOf = (...pieces: string[]) => new BlockingStreamReader(sourceOf(pieces.map((piece) => Buffer.from(piece))));

const texts = (lines: Iterable<Buffer>): string[] => Array.from(lines, String);

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places].sort((one, other) => one - other).filter((place) => place <= bytes.length);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const someBytes = fc
  .array(fc.oneof(fc.constantFrom(10, 13, 65, 0xc3, 0xa9), fc.nat(255)), { maxLength: 200 })
  .map((numbers) => Uint8Array.from(numbers));
const somePlaces = fc.array(fc.nat(200), { maxLength: 12 });

describe("BlockingStreamReader", () => {
  it("reads by the line, in a loop, to the end", () => {
    expect(texts(readerOf("one\ntw", "o\n\nthr", "ee"))).toEqual(["one\n", "two\n", "\n", "three"]);
    const reader = readerOf("a\nb\nc\n");
    for (const line of reader) if (String(line) === "a\n") break;
    expect(String(reader.readline())).toBe("b\n");
    expect(String(reader.readline(1))).toBe("c");
    expect([String(reader.readline()), String(reader.readline()), String(reader.readline())]).toEqual(["\n", "", ""]);
  });

  it("gives the same lines however the bytes are cut, and the same as the reader that awaits", async () => {
    await fc.assert(
      fc.asyncProperty(someBytes, somePlaces, fc.constantFrom(0, 1, 7, 65_536), async (bytes, places, bufferSize) => {
        const lines = [...new BlockingStreamReader(sourceOf(cut(bytes, places)), { bufferSize })];
        expect(Buffer.concat(lines).equals(bytes)).toBe(true);
        expect(lines.slice(0, -1).every((line) => line.indexOf(10) === line.length - 1)).toBe(true);
        const awaited: Buffer[] = [];
        const source = sourceOf(cut(bytes, places));
        for await (const line of new StreamReader({ recv: async (size) => source.recv(size) })) awaited.push(line);
        expect(lines).toEqual(awaited);
        expect(new BlockingStreamReader(sourceOf(cut(bytes, places))).readlines()).toEqual(lines);
      }),
    );
  });

  it("gives the same text however the bytes are cut, and the same as the reader that awaits", async () => {
    await fc.assert(
      fc.asyncProperty(
        someBytes,
        somePlaces,
        fc.constantFrom(null, "" as const, "\n" as const, "\r\n" as const),
        async (bytes, places, newline) => {
          const options = { newline, errors: "replace" } as const;
          const lines = [...new BlockingTextReader(new BlockingStreamReader(sourceOf(cut(bytes, places))), options)];
          const whole = new BlockingTextReader(new BlockingStreamReader(sourceOf([bytes])), options);
          expect(lines).toEqual([...whole]);
          const source = sourceOf(cut(bytes, places));
          const reader = new StreamReader({ recv: async (size) => source.recv(size) });
          const awaited: string[] = [];
          for await (const line of new TextReader(reader, options)) awaited.push(line);
          expect(lines).toEqual(awaited);
        },
      ),
    );
  });

  it("reads by the length and up to a separator", () => {
    const reader = readerOf("GET / HT", "TP/1.0\r", "\n\r", "\nbo", "dy and more");
    expect(String(reader.readuntil("\r\n\r\n"))).toBe("GET / HTTP/1.0\r\n\r\n");
    expect(String(reader.peek())).toBe("bo");
    expect(String(reader.readexactly(4))).toBe("body");
    expect(String(reader.read1())).toBe(" and more");
    expect(reader.read1()).toHaveLength(0);
    expect(String(readerOf("12", "34", "56").read(5))).toBe("12345");
    expect(String(readerOf("12", "34", "56").read())).toBe("123456");
    expect(texts(readerOf("a\nb\nc\n").readlines(3))).toEqual(["a\n", "b\n"]);
  });

  it("says where the stream ended too early, and what it had", () => {
    const reader = readerOf("half");
    expect(() => reader.readexactly(10)).toThrow(IncompleteReadError);
    expect(() => readerOf("half").readuntil(";")).toThrow(
      'Cannot read up to ";": the stream ended before it (ENODATA)',
    );
  });

  it("bounds lines, and leaves the bytes", () => {
    const reader = new BlockingStreamReader(sourceOf([Buffer.from("0123456789\n")]), { maxLineLength: 5 });
    expect(() => reader.readline()).toThrow(LimitOverrunError);
    expect(() => [...reader]).toThrow("Cannot read a line of more than 5 bytes (EMSGSIZE).");
    expect(String(reader.readline(4))).toBe("0123");
    const whole = new BlockingStreamReader(sourceOf([Buffer.alloc(100)]), { maxReadSize: 50 });
    expect(() => whole.read()).toThrow("Cannot read more than 50 bytes to the end");
    expect(() => new BlockingStreamReader(sourceOf([]), { maxLineLength: 0 })).toThrow(RangeError);
  });

  it("is over when it is closed, and after a time-out", async () => {
    const closed = readerOf("x");
    {
      using reader = closed;
      expect(reader.readable()).toBe(true);
    }
    expect([closed.closed, closed.readable()]).toEqual([true, false]);
    expect(() => closed.readline()).toThrow(ClosedResourceError);
    expect(() => readerOf("x").read(1.5)).toThrow("Cannot read 1.5 bytes");
    if (!available) return;
    const [one, other] = await pair();
    using _one = one;
    using _other = other;
    one.settimeout(0.01);
    const reader = one.makefile("rb");
    other.sendall("half a line");
    expect(() => reader.readline()).toThrow(TimeoutError);
    other.sendall("\n");
    expect(() => reader.readline()).toThrow("cannot read from timed out object");
    expect(() => reader.read1()).toThrow(OSError);
  });
});

describe("BlockingStreamWriter", () => {
  const sink = () => {
    const sent: string[] = [];
    return { sent, sendall: (data: Uint8Array) => void sent.push(Buffer.from(data).toString()) };
  };

  it("writes at once without a buffer, and tells bytes", () => {
    const to = sink();
    const writer = new BlockingStreamWriter(to);
    expect([writer.write("é"), writer.write(""), writer.write(new Uint8Array([65]))]).toEqual([2, 0, 1]);
    writer.writelines(["a", Buffer.from("b")]);
    // Also nothing is sent, so that the system can say that nothing can be.
    expect(to.sent).toEqual(["é", "", "A", "ab"]);
    expect(() => writer.write(1 as unknown as string)).toThrow(TypeError);
  });

  it("collects what fits, in its order", () => {
    const to = sink();
    const writer = new BlockingStreamWriter(to, { bufferSize: 4 });
    for (const text of ["a", "bc", "d", "e", "123456", "f"]) writer.write(text);
    expect(to.sent).toEqual(["abcd", "e", "123456"]);
    writer.flush();
    writer.write("g");
    writer.close();
    writer.close();
    expect(to.sent).toEqual(["abcd", "e", "123456", "f", "g"]);
    expect([writer.closed, writer.writable()]).toEqual([true, false]);
    expect(() => writer.write("x")).toThrow(ClosedResourceError);
    expect(() => writer.flush()).toThrow(ClosedResourceError);
    expect(() => new BlockingStreamWriter(to, { bufferSize: -1 })).toThrow(RangeError);
  });

  it("drops what it had collected when sending fails, and is closed even so", () => {
    let failing = true;
    const sent: string[] = [];
    const writer = new BlockingStreamWriter(
      {
        sendall(data) {
          if (failing) throw new OSError("told to fail", { code: "EPIPE" });
          sent.push(String(data));
        },
      },
      { bufferSize: 10 },
    );
    writer.write("lost");
    expect(() => writer.flush()).toThrow("told to fail");
    failing = false;
    writer.write("kept");
    failing = true;
    expect(() => writer.close()).toThrow("told to fail");
    expect(writer.closed).toBe(true);
    expect(sent).toEqual([]);
  });
});

describe.skipIf(!available)(`makefile() of a blocking socket${unless}`, () => {
  it("makes what each mode says", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    expect(client.makefile()).toBeInstanceOf(BlockingTextReader);
    expect(client.makefile("w")).toBeInstanceOf(BlockingTextWriter);
    expect(client.makefile("rw")).toBeInstanceOf(BlockingTextReaderWriter);
    expect(client.makefile("rb")).toBeInstanceOf(BlockingStreamReader);
    expect(client.makefile("wb")).toBeInstanceOf(BlockingStreamWriter);
    expect(client.makefile("rwb")).toBeInstanceOf(BlockingStreamReaderWriter);
    expect(() => client.makefile("x" as "r")).toThrow("invalid mode 'x' (only r, w, b allowed)");
    expect(() => client.makefile("r", { buffering: 0 })).toThrow("Unbuffered streams must be binary");
    expect(() => client.makefile("rb", { encoding: "utf-8" })).toThrow("Binary mode takes no encoding");
  });

  it("reads and writes text, with its encoding and its ends of lines", () => {
    const [client, server] = connected();
    using _server = server;
    {
      using _client = client;
      using file = client.makefile("rw", { encoding: "latin1", newline: "\r\n" });
      expect([file.encoding, file.errors, file.newline]).toEqual(["latin1", "strict", "\r\n"]);
      expect(file.write("caf\u00e9\n")).toBe(5);
      file.writelines(["a", "b"]);
      file.flush();
      expect(server.recv(100)).toEqual(Buffer.from("caf\u00e9\r\nab", "latin1"));
      expect(() => file.write("\u20ac")).toThrow("Cannot encode the character U+20AC");
      server.sendall(Buffer.from("\u00fc\r\nlast", "latin1"));
      server.shutdown(SHUT_WR);
      expect(file.readline()).toBe("\u00fc\r\n");
      expect(file.read(2)).toBe("la");
      expect(file.readlines()).toEqual(["st"]);
      expect(file.readline()).toBe("");
      expect([file.readable(), file.writable(), file.closed]).toEqual([true, true, false]);
      file.close();
      expect(() => file.read()).toThrow(ClosedResourceError);
      expect(() => file.write("x")).toThrow(ClosedResourceError);
    }
  });

  it("goes over the lines of a peer, waiting for each", async () => {
    await using peer = await Peer.start(`
      serve((socket) => {
        const pieces = ["on", "e\\ntw", "o\\n", "thr", "ee"];
        const next = () => pieces.length > 0 ? (socket.write(pieces.shift()), setTimeout(next, 5)) : socket.end();
        next();
      });
    `);
    using socket = new BlockingSocket();
    socket.connect(peer.address);
    expect([...socket.makefile("r")]).toEqual(["one\n", "two\n", "three"]);
  });

  it("sends what it has collected before a read of the same connection blocks, whatever reads", async () => {
    await using peer = await Peer.start("serve((socket) => socket.pipe(socket));");
    using socket = new BlockingSocket();
    socket.connect(peer.address);
    socket.settimeout(30);
    using file = socket.makefile("rwb", { buffering: 1000 });
    for (const word of ["one\n", "two\n"]) {
      file.write(word);
      expect(String(file.readline())).toBe(word);
    }
    file.write("for recv()");
    expect(String(socket.recv(100))).toBe("for recv()");
    file.write("into");
    const memory = Buffer.alloc(4);
    expect(socket.recvInto(memory)).toBe(4);
    expect(String(memory)).toBe("into");
    file.write("first, ");
    socket.sendall("then this");
    socket.shutdown(SHUT_WR);
    expect(String(file.read())).toBe("first, then this");
  });

  it("leaves readers what had come where it can't send, and reports that to the next write", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    using file = client.makefile("rwb", { buffering: 1000 });
    server.sendall("421 go away\n");
    client.shutdown(SHUT_WR);
    file.write("too late");
    expect(String(file.readline())).toBe("421 go away\n");
    server.shutdown(SHUT_WR);
    expect(String(file.readline())).toBe("");
    expect(() => file.write("later still")).toThrow(BrokenPipeError);
    file.write("dropped with it");
    expect(() => file.flush()).toThrow(BrokenPipeError);
  });

  it("never takes more than it returns with buffering: 0, so that recv() can go on", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    server.sendall("line\nrest");
    using file = client.makefile("rb", { buffering: 0 });
    expect(String(file.readline())).toBe("line\n");
    expect(String(client.recv(100))).toBe("rest");
  });

  it("reports bytes that are no text, and text that was given back", () => {
    const [client, server] = connected();
    using _client = client;
    using _server = server;
    server.sendall(Buffer.from([0x41, 0xff]));
    const file = client.makefile("r");
    expect(() => file.read(2)).toThrow("Cannot decode bytes 0 to 1 of the stream as utf-8");
    expect(() => file.readline()).toThrow("(EILSEQ)");
    server.sendall("a\nb");
    client.settimeout(0.01);
    const second = client.makefile("r");
    expect(() => second.readlines()).toThrow(TimeoutError);
    expect(second.readline()).toBe("a\n");
    expect(() => second.read(1.5)).toThrow("Cannot read 1.5 characters");
  });
});
