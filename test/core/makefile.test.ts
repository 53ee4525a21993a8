import { describe, expect, expectTypeOf, it } from "vitest";
import { ClosedResourceError } from "../../dist/core/errors.js";
import {
  blockingMakefile,
  type FileMode,
  type MakefileOptions,
  makefile,
  StreamReaderWriter,
  TextReaderWriter,
} from "../../dist/core/stream/makefile.js";
import { StreamReader } from "../../dist/core/stream/reader.js";
import { TextReader, TextWriter } from "../../dist/core/stream/text.js";
import { StreamWriter } from "../../dist/core/stream/writer.js";
import { memoryStreamPair } from "../../dist/testing/memory-stream.js";

describe("makefile", () => {
  it("makes what the mode says, and its type", () => {
    const [socket] = memoryStreamPair();
    expectTypeOf(makefile(socket)).toEqualTypeOf<TextReader>();
    expectTypeOf(makefile(socket, "r")).toEqualTypeOf<TextReader>();
    expectTypeOf(makefile(socket, "w")).toEqualTypeOf<TextWriter>();
    expectTypeOf(makefile(socket, "rw")).toEqualTypeOf<TextReaderWriter>();
    expectTypeOf(makefile(socket, "rb")).toEqualTypeOf<StreamReader>();
    expectTypeOf(makefile(socket, "wb")).toEqualTypeOf<StreamWriter>();
    expectTypeOf(makefile(socket, "rwb")).toEqualTypeOf<StreamReaderWriter>();
    const made = (["r", "w", "rw", "rb", "wb", "rwb"] as const).map((mode) => makefile(socket, mode).constructor);
    expect(made).toEqual([TextReader, TextWriter, TextReaderWriter, StreamReader, StreamWriter, StreamReaderWriter]);
    expect(makefile(socket).constructor).toBe(TextReader);
  });

  it("takes the letters in any order, and reads when neither r nor w is there, as Python does", () => {
    const [socket] = memoryStreamPair();
    const made = ["", "b", "br", "bwr", "wr"].map((mode) => makefile(socket, mode as FileMode).constructor);
    expect(made).toEqual([TextReader, StreamReader, StreamReader, StreamReaderWriter, TextReaderWriter]);
  });

  it("refuses other modes in Python's words", () => {
    const [socket] = memoryStreamPair();
    const make = () => makefile(socket, "x" as FileMode);
    expect(make).toThrow(RangeError);
    expect(make).toThrow("invalid mode 'x' (only r, w, b allowed)");
  });

  it.each<[FileMode, MakefileOptions, RegExp]>([
    ["r", { buffering: 0 }, /must be binary/],
    ["rb", { encoding: "utf-8" }, /takes no encoding/],
    ["wb", { newline: "\n" }, /takes no newline/],
    ["rb", { errors: "strict" }, /takes no errors/],
    ["rb", { buffering: -2 }, /buffering -2/],
    ["rb", { buffering: 1.5 }, /buffering 1.5/],
    ["rb", { bufferSize: 1 } as MakefileOptions, /"bufferSize".*buffering/],
    ["w", { encoding: "shift_jis" }, /"shift_jis"/],
  ])("refuses mode %s with the options %o", (mode, options, message) => {
    const [socket] = memoryStreamPair();
    expect(() => makefile(socket, mode, options)).toThrow(message);
    expect(() => makefile(socket, mode, options)).toThrow(RangeError);
  });

  it("passes the limits and the options of text on", async () => {
    const [socket, peer] = memoryStreamPair();
    const reader = makefile(socket, "rb", { maxLineLength: 7, maxReadSize: 9 });
    expect([reader.maxLineLength, reader.maxReadSize]).toEqual([7, 9]);
    const text = makefile(socket, "rw", { encoding: "latin1", errors: "replace", newline: "\r\n", maxLineLength: 4 });
    expect([text.encoding, text.errors, text.newline]).toEqual(["latin1", "replace", "\r\n"]);
    await text.write("é€\n");
    await text.flush();
    expect(await peer.recv(9)).toEqual(Buffer.from([0xe9, 0x3f, 0x0d, 0x0a]));
    await peer.sendall(Buffer.from("é\r\ntoo long", "latin1"));
    expect(await text.readline()).toBe("é\r\n");
    await expect(text.readline()).rejects.toMatchObject({ limit: 4 });
  });

  it("collects what is written until flush() by default, and nothing when buffering is 0", async () => {
    const [socket, peer] = memoryStreamPair();
    const waiting = peer.recv(100);
    const buffered = makefile(socket, "wb");
    await buffered.write("later");
    await makefile(socket, "wb", { buffering: 0 }).write("now");
    expect(String(await waiting)).toBe("now");
    await buffered.flush();
    expect(String(await peer.recv(100))).toBe("later");
  });

  it("reads nothing ahead when buffering is 0", async () => {
    const [socket, peer] = memoryStreamPair();
    await peer.sendall(Buffer.from("head\nbody"));
    expect(String(await makefile(socket, "rb", { buffering: 0 }).readline())).toBe("head\n");
    expect(String(await socket.recv(100))).toBe("body");
  });

  it.each(["rw", "rwb"] as const)("reads and writes at the same time in mode %s", async (mode) => {
    const [socket, peer] = memoryStreamPair();
    const file = makefile(socket, mode);
    const reading = file.readline();
    expect(await file.write("question\n")).toBe(9);
    await file.writelines(["more", "\n"]);
    await file.flush();
    expect(String(await peer.recv(100))).toBe("question\nmore\n");
    await peer.sendall(Buffer.from("answer\nand more\n"));
    expect(String(await reading)).toBe("answer\n");
    for await (const line of file) {
      expect(String(line)).toBe("and more\n");
      break;
    }
  });

  it.each(["rw", "rwb"] as const)("flushes on close() in mode %s, and leaves the socket open", async (mode) => {
    const [socket, peer] = memoryStreamPair();
    {
      await using file = makefile(socket, mode);
      await file.write("last words");
      expect([file.closed, file.readable(), file.writable()]).toEqual([false, true, true]);
      await file.close();
      await file.close();
      expect([file.closed, file.readable(), file.writable()]).toEqual([true, false, false]);
      await expect(file.readline()).rejects.toBeInstanceOf(ClosedResourceError);
      await expect(file.write("x")).rejects.toBeInstanceOf(ClosedResourceError);
    }
    expect(String(await peer.recv(100))).toBe("last words");
    await socket.sendall(Buffer.from("still open"));
    expect(String(await peer.recv(100))).toBe("still open");
  });

  it.each([
    "r",
    "w",
    "rw",
    "rb",
    "wb",
    "rwb",
  ] as const)("keeps its connection open in mode %s until it is closed", async (mode) => {
    const [end, peer] = memoryStreamPair();
    let files = 0;
    const host = {
      recv: (size: number) => end.recv(size),
      sendall: (data: Uint8Array) => end.sendall(data),
      addFile: () => void files++,
      removeFile: () => void files--,
    };
    const file = makefile(host, mode);
    expect(files).toBeGreaterThan(0);
    if ("write" in file) await file.write("last words");
    await file.close();
    expect(files).toBe(0);
    if ("write" in file) expect(String(await peer.recv(100))).toBe("last words");
    await file.close();
    expect(files).toBe(0);
    const blocking = { ...host, recv: () => Buffer.alloc(0), sendall: () => undefined };
    using other = blockingMakefile(blocking, mode, undefined);
    expect(files).toBeGreaterThan(0);
    other.close();
    expect(files).toBe(0);
  });

  it("lets go of its connection when it has read the end, and goes on to say that", async () => {
    let files = 0;
    const chunks = ["line\n", "last"];
    const host = {
      recv: () => {
        if (files === 0) throw new Error("closed");
        return Buffer.from(chunks.shift() ?? "");
      },
      sendall: () => undefined,
      addFile: () => void files++,
      removeFile: () => void files--,
    };
    const file = makefile({ ...host, recv: async () => host.recv(), sendall: async () => undefined }, "r");
    expect(await file.read()).toBe("line\nlast");
    expect([files, await file.readline(), await file.readlines()]).toEqual([0, "", []]);
    chunks.push("line\n", "last");
    const blocking = blockingMakefile(host, "rwb", undefined);
    expect(String(blocking.read())).toBe("line\nlast");
    expect([files, blocking.readline().length]).toEqual([1, 0]);
    blocking.close();
    expect(files).toBe(0);
  });

  it("lets go of its connection also where its last bytes can't be sent, and takes none where it can't be made", async () => {
    let files = 0;
    const host = {
      recv: async () => Buffer.alloc(0),
      sendall: () => Promise.reject(new Error("broken")),
      addFile: () => void files++,
      removeFile: () => void files--,
    };
    const file = makefile(host, "rw");
    await file.write("lost");
    await expect(file.close()).rejects.toThrow("broken");
    expect(files).toBe(0);
    expect(() => makefile(host, "rw", { encoding: "shift_jis" })).toThrow(RangeError);
    expect(files).toBe(0);
  });
});
