import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { AF_UNIX, BlockingSocket, formatAddress, Socket, type UnixAddress } from "ts-socketserver";
import { SOCK_DGRAM, SOCK_STREAM } from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { python, runPython } from "../clients/programs.js";
import { temporaryPath } from "../support/temporary-path.js";
import { transports } from "../support/transports.js";
import { failureOf } from "./subjects.js";

const onLinux = process.platform === "linux";

/** What a call of a blocking socket throws, as a rejection. */
async function attempt(call: () => unknown): Promise<void> {
  await call();
}

for (const transport of transports) {
  describe.runIf(onLinux)(`Unix addresses that cannot be used, over the ${transport.name} transport`, () => {
    const open = (): Socket => new Socket(AF_UNIX, SOCK_STREAM, 0, { transport });

    it("are too long: bind() and connect() say the same, and name the path", async () => {
      const path = `/tmp/${"x".repeat(103)}`;
      await using socket = open();
      expect((await failureOf(socket.bind(path))).message).toBe(
        `Cannot bind unix ${path}: name too long (ENAMETOOLONG)`,
      );
      const error = await failureOf(socket.connect(path));
      expect([error.code, error.syscall]).toEqual(["ENAMETOOLONG", "connect"]);
      expect(error.message).toBe(`Cannot connect to unix ${path}: name too long (ENAMETOOLONG)`);
      expect(existsSync(path.slice(0, -1))).toBe(false);
    });

    it("are empty: there is nothing to connect to", async () => {
      await using socket = open();
      for (const empty of ["", Buffer.alloc(0)]) {
        const error = await failureOf(socket.connect(empty));
        expect(error.message).toBe("Cannot connect to unix (unnamed): invalid argument (EINVAL)");
        expect([error.code, error.syscall]).toEqual(["EINVAL", "connect"]);
      }
    });

    it("have a zero byte within them: no other path is bound instead", async () => {
      const path = temporaryPath();
      await using socket = open();
      await expect(socket.bind(`${path}\0.more`)).rejects.toThrow(RangeError);
      await expect(socket.connect(`${path}\0.more`)).rejects.toThrow("a path has no zero byte");
      expect(existsSync(path)).toBe(false);
    });

    it("may be bytes: a path that is UTF-8 comes back as text", async () => {
      const path = temporaryPath();
      await using listener = open();
      await listener.bind(Buffer.from(path));
      await listener.listen();
      expect(listener.getsockname()).toBe(path);
      await using client = open();
      const [[server]] = await Promise.all([listener.accept(), client.connect(new Uint8Array(Buffer.from(path)))]);
      await server.close();
      expect(client.getpeername()).toBe(path);
    });
  });
}

/** The longest abstract name. */
function longName(): string {
  return `\0${randomUUID().padEnd(107, "x")}`;
}

for (const transport of transports.filter(({ features }) => features.allSocketOptions)) {
  describe(`Unix addresses on the ${transport.name} transport`, () => {
    const open = (kind: typeof SOCK_STREAM | typeof SOCK_DGRAM): Socket => new Socket(AF_UNIX, kind, 0, { transport });

    it("may be abstract, with 107 bytes after the zero and no more", async () => {
      const name = longName();
      await using listener = open(SOCK_STREAM);
      expect((await failureOf(listener.bind(`${name}x`))).code).toBe("ENAMETOOLONG");
      await listener.bind(name);
      await listener.listen();
      await using client = open(SOCK_STREAM);
      const [[server]] = await Promise.all([listener.accept(), client.connect(Buffer.from(name))]);
      await server.close();
      expect([client.getpeername(), listener.getsockname()]).toEqual([name, name]);
      expect((await failureOf(open(SOCK_STREAM).connect(`${name}x`))).code).toBe("ENAMETOOLONG");
    });

    it("come back as bytes where they are not UTF-8, and can be answered", async () => {
      const path = Buffer.concat([Buffer.from(temporaryPath()), Buffer.of(0xff)]);
      const name = Buffer.concat([Buffer.from(`\0${randomUUID()}`), Buffer.of(0xff, 0x00, 0xfe)]);
      await using receiver = open(SOCK_DGRAM);
      await using sender = open(SOCK_DGRAM);
      await receiver.bind(path);
      await sender.bind(name);
      expect([receiver.getsockname(), sender.getsockname()]).toEqual([path, name]);
      await sender.sendto("hello", receiver.getsockname());
      const [data, address] = await receiver.recvfrom(10);
      expect([String(data), address]).toEqual(["hello", name]);
      await receiver.sendto("answer", address);
      expect(await sender.recvfrom(10)).toEqual([Buffer.from("answer"), path, false]);
      expect(String(receiver)).toContain(`${path.toString("utf8", 0, path.length - 1)}\\xff`);
      expect(String(sender)).toMatch(/@[-\da-f]{36}\\xff\\x00\\xfe>$/);
    });

    it("that are bytes have a file as others have: replaced when it is dead, never when it lives, removed at the end", async () => {
      const text = temporaryPath();
      const path = Buffer.concat([Buffer.from(text), Buffer.of(0xff)]);
      const files = (): number =>
        readdirSync(dirname(text), { encoding: "latin1" }).filter((name) => name === `${basename(text)}\xff`).length;
      const first = open(SOCK_STREAM);
      await first.bind(path);
      await first.listen();
      await using second = open(SOCK_STREAM);
      const error = await failureOf(second.bind(path));
      expect(error.message).toBe(`Cannot bind unix ${text}\\xff: address already in use (EADDRINUSE)`);
      await first.close();
      expect(files()).toBe(0);
      await second.bind(path);
      expect(files()).toBe(1);
    });

    it.skipIf(python.missing)(`are the same for CPython${python.reason}`, async () => {
      const paths: readonly UnixAddress[] = [
        longName(),
        Buffer.from(`\0${randomUUID()}\xff`, "latin1"),
        temporaryPath(),
      ];
      const sockets = paths.map(() => open(SOCK_DGRAM));
      try {
        for (const [index, socket] of sockets.entries()) await socket.bind(paths[index] ?? "");
        const program = `
import socket, sys
for name in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        own = bytes.fromhex(name)[:-1] + b"~"
        s.bind(own)
        s.sendto(own, bytes.fromhex(name))`;
        await runPython(program, ...paths.map((path) => Buffer.from(path as string).toString("hex")));
        for (const socket of sockets) {
          const [data, sender] = await socket.recvfrom(200);
          expect(Buffer.from(sender as string)).toEqual(data);
        }
      } finally {
        for (const socket of sockets) await socket.close();
      }
    });
  });

  describe("Unix addresses of blocking sockets", () => {
    it("are checked and named as those of others", async () => {
      using socket = new BlockingSocket(AF_UNIX, SOCK_DGRAM);
      const path = `/tmp/${"x".repeat(103)}`;
      const calls = {
        [`bind unix datagram ${path}`]: () => socket.bind(path),
        [`connect to unix datagram ${path}`]: () => socket.connect(path),
        [`send 1 bytes to unix datagram ${path}`]: () => socket.sendto("x", path),
      };
      for (const [action, call] of Object.entries(calls)) {
        const error = await failureOf(attempt(call));
        expect(error.message).toBe(`Cannot ${action}: name too long (ENAMETOOLONG)`);
      }
      expect((await failureOf(attempt(() => socket.connect("")))).code).toBe("EINVAL");
      expect((await failureOf(attempt(() => socket.sendto("x", "")))).code).toBe("EINVAL");
      expect(() => socket.bind("/tmp/a\0b")).toThrow(RangeError);
    });

    it("may be bytes", () => {
      const name = Buffer.concat([Buffer.from(longName()).subarray(0, 107), Buffer.of(0xff)]);
      using receiver = new BlockingSocket(AF_UNIX, SOCK_DGRAM);
      receiver.bind(name);
      using sender = new BlockingSocket(AF_UNIX, SOCK_DGRAM);
      const path = Buffer.concat([Buffer.from(temporaryPath()), Buffer.of(0xff)]);
      sender.bind(path);
      sender.sendto("hello", receiver.getsockname());
      expect(receiver.recvfrom(10)).toEqual([Buffer.from("hello"), path, false]);
      expect(formatAddress(receiver.getsockname())).toMatch(/^@.*\\xff$/);
    });
  });
}
