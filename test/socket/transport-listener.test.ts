import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "ts-socketserver/socket";
import { describe, expect, it } from "vitest";
import { temporaryPath } from "../support/temporary-path.js";
import { within } from "../support/within.js";
import { failureOf, streams, tcpStreams } from "./subjects.js";

for (const subject of streams) {
  describe.skipIf(subject.missing !== null)(`Becoming a listener over ${subject.title}`, () => {
    const second = subject.isNative ? "changes the backlog" : "fails with EINVAL";
    it(`happens once: of two listen() calls that overlap, the second ${second} and leaks no listener`, async () => {
      const socket = subject.socket();
      await socket.bind(subject.address());
      const first = socket.listen();
      if (subject.isNative) await socket.listen(1);
      else expect(await failureOf(socket.listen())).toMatchObject({ code: "EINVAL", syscall: "listen" });
      await first;
      const address = socket.getsockname();
      await socket.close();
      await using client = subject.socket();
      expect((await failureOf(client.connect(address))).code).toMatch(/^(ECONNREFUSED|ENOENT)$/);
    });

    it("is refused while the socket is connecting, and connecting while it becomes a listener", async () => {
      await using listener = await subject.listener();
      const channel = subject.transport.open(subject.family, SOCK_STREAM, 0);
      // A Socket looks its address up first; here the attempt is under way at once.
      const connecting = channel.connect(listener.getsockname(), true);
      await expect(async () => channel.listen(1)).rejects.toMatchObject({ code: "EINVAL" });
      const bind = async (): Promise<void> => channel.bind(subject.address());
      // To the system a Unix stream is connected at once, and may still get a name.
      if (subject.isNative && !subject.isTcp) await bind();
      else await expect(bind).rejects.toMatchObject({ code: "EINVAL" });
      (await connecting).close();
      await using other = subject.socket();
      await other.bind(subject.address());
      const listening = other.listen();
      const unixAnswer = subject.isNative ? "EINVAL" : "EISCONN";
      const { code } = await failureOf(other.connect(listener.getsockname()));
      expect(code).toBe(subject.isTcp ? "EISCONN" : unixAnswer);
      await listening;
    });

    it("may be tried again when it has failed", async () => {
      const taken = await subject.listener();
      await using socket = subject.socket();
      // The system notices it when the socket is bound, the Node transport when it listens.
      const become = async (): Promise<void> => {
        if (!bound) await socket.bind(address);
        bound = true;
        await socket.listen();
      };
      let bound = false;
      const address = taken.getsockname();
      expect(await failureOf(become())).toMatchObject({
        code: "EADDRINUSE",
        syscall: subject.isNative ? "bind" : "listen",
      });
      await taken.close();
      await become();
    });
  });
}

for (const subject of tcpStreams) {
  describe.skipIf(subject.missing !== null)(`A listener over ${subject.title}`, () => {
    it("hands its options on to the connections it accepts, as Linux does", async () => {
      await using listener = await subject.listener();
      listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
      listener.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
      listener.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 77);
      listener.setsockopt(SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer));
      await using client = subject.socket();
      const [[socket]] = await Promise.all([listener.accept(), client.connect(listener.getsockname())]);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      expect(socket.getsockopt(SOL_SOCKET, SO_KEEPALIVE)).toBe(1);
      expect(socket.getsockopt(IPPROTO_TCP, TCP_KEEPIDLE)).toBe(77);
      // A connection's own setting is nobody else's.
      socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 0);
      expect(listener.getsockopt(IPPROTO_TCP, TCP_NODELAY)).toBe(1);
      await socket.close();
      expect((await failureOf(client.recv(10))).code).toBe("ECONNRESET");
    });
  });
}

// The Node transport binds and listens in one.
for (const subject of streams.filter(({ isNative, isTcp }) => isNative && !isTcp)) {
  describe.skipIf(subject.missing !== null)(`A path that is bound, over ${subject.title}`, () => {
    it("is in use before anybody listens on it: another socket cannot take it", async () => {
      const path = temporaryPath();
      await using first = subject.socket();
      await first.bind(path);
      await using second = subject.socket();
      expect(await failureOf(second.bind(path))).toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      await first.listen();
      await second.connect(path);
      const [server] = await first.accept();
      await server.close();
    });

    it("is refused to another socket without its listener noticing that somebody has asked", async () => {
      const path = temporaryPath();
      await using listener = await subject.listener(path);
      await using second = subject.socket();
      expect(await failureOf(second.bind(path))).toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      // No connection was made to find that out.
      expect(listener.readable).toBe(false);
      listener.setblocking(false);
      expect((await failureOf(listener.accept())).code).toBe("EAGAIN");
    });
  });
}

for (const subject of streams.filter(({ isTcp }) => !isTcp)) {
  describe.skipIf(subject.missing !== null)(
    `Closing a listener whose path somebody has taken over ${subject.title}`,
    () => {
      it("leaves alone what lies beside the path", async () => {
        const path = temporaryPath();
        const listener = await subject.listener(path);
        const beside = `${path}.${process.pid}.aside`;
        writeFileSync(beside, "mine");
        renameSync(path, `${path}.moved`);
        writeFileSync(path, "somebody else's");
        await listener.close();
        expect(readFileSync(path, "utf8")).toBe("somebody else's");
        expect(existsSync(beside) && readFileSync(beside, "utf8")).toBe("mine");
        expect(
          readdirSync(dirname(path))
            .filter((name) => name.startsWith(basename(path)))
            .sort(),
        ).toEqual([path, beside, `${path}.moved`].map((one) => basename(one)));
      });

      it("closes it and its accept() whatever stands in the way", async () => {
        const path = temporaryPath();
        const listener = await subject.listener(path);
        await mkdir(join(`${path}.${process.pid}.aside`, "full"), { recursive: true });
        renameSync(path, `${path}.moved`);
        writeFileSync(path, "somebody else's");
        const accepting = failureOf(listener.accept());
        await listener.close();
        expect((await within(15, "accept()", accepting)).name).toBe("ClosedResourceError");
        await using client = subject.socket();
        expect((await failureOf(client.connect(`${path}.moved`))).code).toBe("ECONNREFUSED");
      });

      const isRoot = process.getuid?.() === 0;
      it.skipIf(isRoot)(
        `closes it also where the directory is read-only${isRoot ? " (skipped: root may write)" : ""}`,
        async () => {
          const directory = temporaryPath();
          await mkdir(directory);
          const path = join(directory, "s");
          const listener = await subject.listener(path);
          renameSync(path, `${path}.moved`);
          writeFileSync(path, "somebody else's");
          await chmod(directory, 0o500);
          const accepting = failureOf(listener.accept());
          await listener.close();
          expect((await within(15, "accept()", accepting)).name).toBe("ClosedResourceError");
          await chmod(directory, 0o700);
          expect(readFileSync(path, "utf8")).toBe("somebody else's");
        },
      );
    },
  );
}
